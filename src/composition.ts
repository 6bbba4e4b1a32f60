import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from './config.ts';
import { createPasswords } from './core/accounts/passwords.ts';
import { BoundedQueue } from './core/bounded-queue.ts';
import type { Clock, Timers } from './core/clock.ts';
import { type Core, createCore } from './core/core.ts';
import { unlimited } from './core/limits/limits.ts';
import type { Logger } from './core/logger.ts';
import { MailDelivery } from './core/mail/mail-delivery.ts';
import { loadCommonPasswords } from './core/names/password-rules.ts';
import { AddressRanges } from './core/addresses.ts';
import type { Store } from './core/store.ts';
import type { TransactionEnvironment, Transactions } from './core/transactions.ts';
import { type AtRestKeys, createAtRestKeys } from './crypto/at-rest.ts';
import { type Identity, readIdentity } from './crypto/identity.ts';
import { pooledRandomBytes } from './crypto/random-pool.ts';
import { generateRsaKeyPair } from './crypto/rsa-private-key.ts';
import { AnswerOnce } from './http/answer-once.ts';
import { createApp } from './http/app.ts';
import { type Listener, listen } from './http/listener.ts';
import { accountEndpoints } from './http/routes/accounts.ts';
import { encryptionEndpoints } from './http/routes/encryption.ts';
import { recoveryEndpoints } from './http/routes/recovery.ts';
import { sessionEndpoints } from './http/routes/sessions.ts';
import { createOutboxFolder } from './mail/outbox-folder.ts';
import { createSmtpTransport } from './mail/smtp-transport.ts';
import { mailRenderer } from './mail/templates.ts';
import { MemoryRateLimiter } from './shared-state/memory-rate-limiter.ts';
import { KeyFolderError, openKeyFolder } from './store/key-folder.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import { systemClock, systemTimers } from './system-clock.ts';

/** What tests put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly maxAnonymousSessions?: number;
}

/** A server that is serving. */
export interface RunningServer {
  /** Where the sealed API listens. */
  readonly url: string;
  readonly core: Core;
  readonly store: Store<Transactions>;
  /** Stops accepting, finishes what is in flight, flushes and closes. */
  stop(): Promise<void>;
}

/** How long a stop waits for what is in flight. */
const drainMilliseconds = 10_000;

/**
 * Builds the server from its configuration and starts it: key folder, store, core, mail, listener.
 *
 * @param onFatal called when the server can no longer do its work and has to end
 * @throws ConfigError, KeyFolderError, StoreOpenError or the listener's system error, for an admin to read
 */
export async function startServer(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
  overrides: Overrides = {},
): Promise<RunningServer> {
  const clock = overrides.clock ?? systemClock;
  const timers = overrides.timers ?? systemTimers;
  const { keys, store } = await openState(config, logger, onFatal);
  try {
    const atRest = createAtRestKeys(keys.masterKey);
    const identity = readIdentity(keys.identityPem);
    const mail = createMail(config, { store, atRest, clock, timers, logger });
    const core = createCore({
      store,
      atRest,
      identity,
      passwords: await createPasswords({ pepper: atRest.pepper, queue: threadPoolQueue() }),
      generateKeyPair: () => generateRsaKeyPair(config.userKeys.bits),
      // Several for each thread, so that none waits for its next one.
      decryptions: new BoundedQueue({ concurrency: 16 * availableParallelism(), waiting: 2048 }),
      rateLimiter: config.limits ? new MemoryRateLimiter() : unlimited,
      limitAddresses: config.limits,
      wakeMail: () => mail.wake(),
      clock,
      timers,
      random: pooledRandomBytes,
      logger,
      idle: config.sessions.idleSeconds * 1000,
      ...(overrides.maxAnonymousSessions === undefined
        ? {}
        : { maxAnonymousSessions: overrides.maxAnonymousSessions }),
    });
    const readiness = { stopping: false };
    const listener = await openListener(config, logger, {
      core,
      store,
      atRest,
      identity,
      clock,
      readiness,
      tls: keys.tls,
    });
    core.upkeep.start();
    mail.start();
    await core.keySupply.start();
    // Large, so it is read while nobody waits for it.
    await loadCommonPasswords();
    if (!config.limits) logger.warn('LIMITS=off: nothing is limited by address or overall');
    return {
      url: listener.url,
      core,
      store,
      stop: async () => {
        readiness.stopping = true;
        await listener.drain(drainMilliseconds);
        await mail.stop();
        await core.keySupply.stop();
        await core.upkeep.stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Keys and database, which have to fit each other. */
async function openState(config: Config, logger: Logger, onFatal: (error: Error) => void) {
  makeFolder(config.folders.data);
  makeFolder(path.dirname(config.database.file));
  const databaseExists = existsSync(config.database.file);
  const keys = await openKeyFolder({
    folder: config.folders.keys,
    databaseExists,
    names: ['localhost', hostname()],
    now: systemClock.now(),
    warn: (message) => logger.warn(message),
  });
  const environment: TransactionEnvironment = { masterKey: keys.masterKey };
  const store = await openSqliteStore<Transactions>({
    path: config.database.file,
    migrationsFolder: path.join(packageFolder(), 'drizzle'),
    transactions: { module: new URL('./core/transactions.js', import.meta.url), environment },
    onFatal,
  });
  try {
    await checkMasterKey(store, createAtRestKeys(keys.masterKey));
  } catch (error) {
    await store.close();
    throw error;
  }
  return { keys, store };
}

/** @throws KeyFolderError when the database was written under another master key */
async function checkMasterKey(store: Store<Transactions>, atRest: AtRestKeys): Promise<void> {
  const known = await store.read.facts.find('master-key-check');
  if (known === null) {
    await store.transact('putFact', { name: 'master-key-check', value: atRest.check });
  } else if (!known.equals(atRest.check)) {
    throw new KeyFolderError(
      'The master.key in KEYS_DIR is not the one this database was written with: put the right one back.',
    );
  }
}

function createMail(
  config: Config,
  parts: { store: Store<Transactions>; atRest: AtRestKeys; clock: Clock; timers: Timers; logger: Logger },
): MailDelivery {
  const logger = parts.logger.child('mail');
  const transport =
    config.mail === null
      ? createOutboxFolder({ folder: path.join(config.folders.data, 'outbox'), clock: parts.clock, logger })
      : createSmtpTransport({ ...config.mail, password: config.secrets.mailPassword?.reveal() ?? null });
  return new MailDelivery({
    mails: parts.store.read.mails,
    settle: (input) => parts.store.transact('markMailSettled', input),
    postpone: (input) => parts.store.transact('postponeMail', input),
    transport,
    render: mailRenderer({ publicUrl: config.publicUrl }),
    keys: parts.atRest,
    clock: parts.clock,
    timers: parts.timers,
    random: Math.random,
    logger,
  });
}

async function openListener(
  config: Config,
  logger: Logger,
  parts: {
    core: Core;
    store: Store<Transactions> & { check(): Promise<void> };
    atRest: AtRestKeys;
    identity: Identity;
    clock: Clock;
    readiness: { stopping: boolean };
    tls: { keyPem: string; certificatePem: string };
  },
): Promise<Listener> {
  const { core, store, atRest, clock, identity, readiness } = parts;
  const httpLogger = logger.child('http');
  const app = createApp({
    registry: core.registry,
    replayProtection: core.replayProtection,
    answerOnce: new AnswerOnce({ store, atRest, clock }),
    atRest,
    clock,
    logger: httpLogger,
    trustProxy: new AddressRanges(config.trustProxy),
    endpoints: [
      ...sessionEndpoints(core),
      ...accountEndpoints(core),
      ...recoveryEndpoints(core),
      ...encryptionEndpoints(core),
    ],
    openSession: core.openSession,
    jwks: { keys: [identity.publicJwk] },
    checkReadiness: async () => {
      if (readiness.stopping) throw new Error('the server is stopping');
      await store.check();
    },
    version: readVersion(),
    publicUrl: config.publicUrl ?? '',
  });
  return listen({
    fetch: app.fetch,
    host: config.http.host,
    port: config.http.port,
    tls: config.http.secure ? parts.tls : null,
    logger: httpLogger,
  });
}

/** Work for the thread pool: as much at once as there are cores, and a few seconds' worth waiting. */
function threadPoolQueue(): BoundedQueue {
  return new BoundedQueue({ concurrency: availableParallelism(), waiting: 512 });
}

function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** The version in the package's own description. */
export function readVersion(): string {
  const description: unknown = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  return typeof description === 'object' && description !== null && 'version' in description
    ? String(description.version)
    : 'unknown';
}

/** The folder with `package.json` and `drizzle/`, wherever the compiled files lie below it. */
function packageFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}
