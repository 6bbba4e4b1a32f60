import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type AdminDoor, openAdminDoor } from './admin-door.ts';
import { certificateReload } from './certificate-reload.ts';
import type { Config } from './config.ts';
import { createPasswords } from './core/accounts/passwords.ts';
import { BoundedQueue } from './core/bounded-queue.ts';
import type { Clock, Timers } from './core/clock.ts';
import { type Core, createCore } from './core/core.ts';
import type { NodeParts } from './core/nodes/nodes.ts';
import type { OneTimeValues } from './core/nodes/one-time-values.ts';
import type { Logger } from './core/logger.ts';
import { MailDelivery } from './core/mail/mail-delivery.ts';
import { loadCommonPasswords } from './core/names/password-rules.ts';
import { AddressRanges } from './core/addresses.ts';
import { newId } from './core/random.ts';
import { prepareMessaging } from './core/rooms/first-start.ts';
import type { StoreMaintenance } from './core/maintenance.ts';
import type { Store } from './core/store.ts';
import type { Transactions } from './core/transactions.ts';
import { type AtRestKeys, createAtRestKeys } from './crypto/at-rest.ts';
import { type Identity, readIdentity } from './crypto/identity.ts';
import { pooledRandomBytes } from './crypto/random-pool.ts';
import { generateRsaKeyPair } from './crypto/rsa-private-key.ts';
import { AnswerOnce } from './http/answer-once.ts';
import { createApp } from './http/app.ts';
import type { Way } from './http/home-page.ts';
import { openEventStream } from './http/event-stream.ts';
import { type Listener, listen } from './http/listener.ts';
import { observeRequests } from './http/observation.ts';
import { RequestCounts, noRoute } from './http/request-counts.ts';
import { requestIds } from './http/request-id.ts';
import { accountEndpoints } from './http/routes/accounts.ts';
import { encryptionEndpoints } from './http/routes/encryption.ts';
import { recoveryEndpoints } from './http/routes/recovery.ts';
import { messageEndpoints } from './http/routes/messages.ts';
import { roomEndpoints } from './http/routes/rooms.ts';
import { sessionEndpoints } from './http/routes/sessions.ts';
import { createOutboxFolder } from './mail/outbox-folder.ts';
import { createSmtpTransport } from './mail/smtp-transport.ts';
import { mailRenderer } from './mail/templates.ts';
import { openDirectory } from './ldap-setup.ts';
import { mountedGateways, openGateways } from './gateway-doors.ts';
import { LinkBase } from './link-base.ts';
import { openMetricsListener } from './metrics-listener.ts';
import { type OpenState, openState } from './open-state.ts';
import { readVersion } from './package-folder.ts';
import { loneNode } from './shared-state/memory/lone-node.ts';
import type { Redis } from './shared-state/redis/redis.ts';
import { type SharedStateParts, openNodes, openSharedState } from './shared-state-setup.ts';
import { systemClock, systemTimers } from './system-clock.ts';

/** What tests put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly maxAnonymousSessions?: number;
  /** What this server shares with others that run beside it. */
  readonly nodes?: NodeParts;
  /** Keys and database that are open already; who opened them closes them. */
  readonly state?: OpenState;
  readonly redisPrefix?: string;
}

/** A server that is serving. */
export interface RunningServer {
  /** Where the sealed API listens. */
  readonly url: string;
  /** Where each gateway listens, by name. */
  readonly gatewayUrls: Readonly<Record<string, string>>;
  /** Where the metrics are served, without their path; null where they are not. */
  readonly metricsUrl: string | null;
  readonly core: Core;
  readonly store: Store<Transactions>;
  readonly maintenance: StoreMaintenance;
  /** What this node tells and asks the others through; null where it is the only one. */
  readonly redis: Redis | null;
  readonly admin: Omit<AdminDoor, 'stop'>;
  /** Reads the certificate again, for connections to come. */
  reloadCertificate(): Promise<void>;
  /** Says that it is not ready, for `SHUTDOWN_DELAY`; then stops accepting, finishes what is in flight, flushes and closes. */
  stop(): Promise<void>;
}

/**
 * Where other nodes go on, streams that end with this one are told to come back within this time, each at another moment:
 * all at once they would hold up those they come to.
 */
const returnMilliseconds = 8_000;
/** How long a stop waits for what is in flight. */
const drainMilliseconds = 10_000;
/** Metrics are gathered in less; what lasts longer is a connection on which nothing is asked. */
const metricsDrainMilliseconds = 1_000;

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
  let metrics: Listener | null = null;
  const clock = overrides.clock ?? systemClock;
  const timers = overrides.timers ?? systemTimers;
  const { keys, store, maintenance, close } = overrides.state ?? (await openState(config, logger, onFatal));
  let shared: SharedStateParts | null = null;
  let stopNodes = async (): Promise<void> => {};
  try {
    // How long a network may take is no matter of a clock that tests move.
    shared = await openSharedState(config, logger, { clock, timers: systemTimers }, overrides.redisPrefix);
    const { redis, check: checkSharedState } = shared;
    const atRest = createAtRestKeys(keys.masterKey);
    const identity = readIdentity(keys.identityPem);
    const linkBase = new LinkBase(config);
    const nodes =
      overrides.nodes ??
      (await openNodes(redis, { clock, timers: systemTimers, random: pooledRandomBytes, logger })) ??
      // Of commits on several connections the last may be heard of first, even where there is one node.
      (config.database.kind === 'postgres'
        ? loneNode({ nodeId: newId(pooledRandomBytes), clock, timers, random: Math.random })
        : null);
    const isOneOfSeveral = nodes !== null;
    const mail = createMail(config, { store, atRest, clock, timers, logger, linkBase, isOneOfSeveral });
    const hashing = threadPoolQueue();
    // Several for each thread, so that none waits for its next one.
    const decryptions = new BoundedQueue({ concurrency: 16 * availableParallelism(), waiting: 2048 });
    const requestCounts = new RequestCounts();
    const core = createCore({
      store,
      atRest,
      identity,
      passwords: await createPasswords({ pepper: atRest.pepper, queue: hashing }),
      generateKeyPair: () => generateRsaKeyPair(config.userKeys.bits),
      directory: openDirectory(config, logger, timers),
      decryptions,
      rateLimiter: shared.rateLimiter,
      guessBlocks: shared.guessBlocks,
      sharedSessions: shared.sessions,
      limitAddresses: config.limits,
      wakeMail: () => mail.wake(),
      clock,
      timers,
      random: pooledRandomBytes,
      logger,
      idle: config.sessions.idleSeconds * 1000,
      ...(nodes === null ? {} : { nodes }),
      ...(overrides.maxAnonymousSessions === undefined
        ? {}
        : { maxAnonymousSessions: overrides.maxAnonymousSessions }),
    });
    await prepareMessaging({ store, clock, random: pooledRandomBytes });
    await core.moderation.load();
    // Guests that another node holds are not left behind: those are looked for by themselves.
    if (core.nodes === null) await core.guests.sweep();
    else await core.nodes.start();
    stopNodes = async () => core.nodes?.stop();
    const readiness = { stopping: false };
    let ways: readonly Way[] = [];
    metrics = await openMetricsListener(config, logger, {
      sources: {
        routes: requestCounts.routes,
        core: core.counts,
        hub: core.hub.counts,
        sessions: () => core.registry.size,
        writesOfCommit: store.counts.callsOfCommit,
        queues: {
          write: () => store.depth,
          decryption: () => decryptions.depth,
          password: () => hashing.depth,
        },
        mail: mail.counts,
        mailsWaiting: () => store.read.mails.waiting(),
      },
      tls: keys.tls,
    });
    const listener = await openListener(config, logger, {
      core,
      store,
      atRest,
      identity,
      clock,
      timers,
      readiness,
      checkSharedState,
      oneTimeValues: shared.oneTimeValues,
      hasOthers: redis !== null,
      ways: () => ways,
      requestCounts,
      tls: keys.tls,
    });
    const adminParts = { core, store, maintenance, atRest, clock, timers };
    const admin = await openAdminDoor(config, logger, adminParts).catch(async (error: unknown) => {
      await listener.drain(0);
      throw error;
    });
    const gateways = await openGateways(config, logger, {
      core,
      read: store.read,
      clock,
      timers,
      random: pooledRandomBytes,
      tls: keys.tls,
    }).catch(async (error: unknown) => {
      await admin.stop();
      await listener.drain(0);
      throw error;
    });
    ({ ways } = gateways);
    linkBase.listensAt(gateways.urls['reset'] ?? '');
    core.upkeep.start();
    core.sessionRecheck.start();
    core.keyRotation.start();
    mail.start();
    await core.keySupply.start();
    // Large, so it is read while nobody waits for it.
    await loadCommonPasswords();
    if (redis !== null && config.database.kind === 'sqlite')
      logger.warn('REDIS_URL is set with a SQLite database: only one node can use it, whatever Redis shares');
    if (!config.limits) logger.warn('LIMITS=off: nothing is limited by address or overall');
    return {
      url: listener.url,
      gatewayUrls: gateways.urls,
      metricsUrl: metrics?.url ?? null,
      core,
      store,
      maintenance,
      redis,
      admin,
      reloadCertificate: certificateReload(config, logger, [
        listener,
        gateways,
        ...(metrics === null ? [] : [metrics]),
      ]),
      stop: async () => {
        readiness.stopping = true;
        listener.releaseConnections();
        // A load balancer looks now and then, and has to see that before connections are refused.
        await pause(timers, config.shutdown.delaySeconds * 1000);
        core.hub.stop({ kind: 'shutdown', at: clock.now(), reason: 'the server stops' });
        core.presence.stop();
        core.typing.stop();
        await core.nodes?.withdraw();
        await Promise.all([listener.drain(drainMilliseconds), gateways.drain(drainMilliseconds)]);
        await admin.stop();
        await core.nodes?.stop();
        await mail.stop();
        await core.keySupply.stop();
        await core.upkeep.stop();
        await metrics?.drain(metricsDrainMilliseconds);
        await core.keyRotation.stop();
        await core.sessionRecheck.stop();
        shared?.stop();
        await close();
      },
    };
  } catch (error) {
    await metrics?.drain(0);
    await stopNodes();
    shared?.stop();
    await close();
    throw error;
  }
}

async function pause(timers: Timers, milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise<void>((resolve) => timers.setTimeout(resolve, milliseconds));
}

function createMail(
  config: Config,
  parts: {
    store: Store<Transactions>;
    atRest: AtRestKeys;
    clock: Clock;
    timers: Timers;
    logger: Logger;
    linkBase: LinkBase;
    isOneOfSeveral: boolean;
  },
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
    ...(parts.isOneOfSeveral ? { lease: (input) => parts.store.transact('leaseMail', input) } : {}),
    transport,
    render: mailRenderer({ publicUrl: config.publicUrl, linkBase: parts.linkBase.get }),
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
    timers: Timers;
    readiness: { stopping: boolean };
    checkSharedState: () => Promise<void>;
    oneTimeValues: OneTimeValues | null;
    /** Whether other nodes may go on when this one stops. */
    hasOthers: boolean;
    ways: () => readonly Way[];
    requestCounts: RequestCounts;
    tls: { keyPem: string; certificatePem: string };
  },
): Promise<Listener> {
  const { core, store, atRest, clock, timers, identity, readiness, ways, requestCounts } = parts;
  const httpLogger = logger.child('http');
  const trustProxy = new AddressRanges(config.trustProxy);
  const app = createApp({
    registry: core.registry,
    replayProtection: core.replayProtection,
    answerOnce: new AnswerOnce({ store, atRest, clock }),
    atRest,
    clock,
    logger: httpLogger,
    trustProxy,
    observation: observeRequests({
      counts: requestCounts,
      requestId: requestIds(trustProxy),
      logger: httpLogger,
    }),
    checkAdmission: core.checkAdmission,
    whenBansAreKnown: core.whenBansAreKnown,
    openEventStream: openEventStream({
      ...core,
      clock,
      timers,
      returnWithin: parts.hasOthers ? returnMilliseconds : 0,
      random: Math.random,
    }),
    endpoints: [
      ...sessionEndpoints(core),
      ...accountEndpoints(core),
      ...recoveryEndpoints(core),
      ...encryptionEndpoints(core),
      ...roomEndpoints(core),
      ...messageEndpoints(core),
    ],
    admitHandshake: core.admitHandshake,
    openSession: core.openSession,
    jwks: { keys: [identity.publicJwk] },
    ways,
    checkReadiness: async () => {
      if (readiness.stopping) throw new Error('the server is stopping');
      await Promise.all([store.check(), parts.checkSharedState()]);
    },
    version: readVersion(),
    publicUrl: config.publicUrl ?? '',
    mounted: mountedGateways(config, logger, {
      core,
      clock,
      random: pooledRandomBytes,
      ...(parts.oneTimeValues === null ? {} : { shared: { values: parts.oneTimeValues, keys: atRest } }),
    }),
  });
  return listen({
    fetch: app.fetch,
    host: config.http.host,
    port: config.http.port,
    tls: config.http.secure ? parts.tls : null,
    logger: httpLogger,
    onUnreadable: (code) => requestCounts.of(noRoute).add(code),
    variable: 'LISTEN_HTTP',
  });
}

/** Work for the thread pool: as much at once as there are cores, and a few seconds' worth waiting. */
function threadPoolQueue(): BoundedQueue {
  return new BoundedQueue({ concurrency: availableParallelism(), waiting: 512 });
}
