import type { Caller } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import { Refusal } from '../../core/errors.ts';
import type { RandomBytes } from '../../core/random.ts';
import type { OneTimeValues } from '../../core/nodes/one-time-values.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { oaepEncrypt } from '../../crypto/rsa-oaep.ts';
import { type VwsAnswer, doneAnswer, expiredSession, refusedAnswer, unknownSession } from './answers.ts';
import type { Chain, ChainKeeper, Pair } from './chain.ts';
import { Chains } from './chains.ts';
import { readClientKey } from './client-key.ts';
import { decryptField, encryptField } from './field-cipher.ts';
import { type Operation, type VwsCore, operations } from './operations.ts';
import { SharedChains } from './shared-chains.ts';
import { readRequestForm } from './request-form.ts';

/** A request, as far as HTTP knows it. */
export interface VwsRequest {
  /** Canonical address of the client. */
  readonly address: string;
  readonly client: string;
  /** The last segment of the path, decoded. */
  readonly parameter: string;
  /** The body's JSON. */
  readonly body: unknown;
  /** What the client is told of anything that was thrown; faults are logged by it. */
  readonly refusalFor: (error: unknown) => Refusal;
}

/** A path of the HTTP listener, and what it answers to a POST. */
export interface VwsRoute {
  readonly path: string;
  readonly admit?: (address: string) => Promise<void>;
  /** @throws Refusal where there is no key to answer under */
  readonly answer: (request: VwsRequest) => Promise<VwsAnswer>;
}

export interface VwsParts {
  readonly core: VwsCore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Where every node finds the ids; not there where this is the only one. */
  readonly shared?: { readonly values: OneTimeValues; readonly keys: Pick<AtRestKeys, 'seal' | 'open'> };
}

/** Everything is below this. */
const prefix = '/vws';
/** Where a user is seen is noted this often, as for sealed sessions. */
const notedMilliseconds = 60_000;

/** The paths of the older profile, and what they answer. */
export function vwsRoutes(parts: VwsParts): readonly VwsRoute[] {
  const { core } = parts;
  const { shared, random } = parts;
  const chains = shared === undefined ? new Chains(parts) : new SharedChains({ ...shared, random });
  return [
    {
      path: `${prefix}/create_session_key`,
      admit: core.admitHandshake,
      answer: async ({ body }) => createSessionKey(parts, chains, body),
    },
    ...operations.map((operation) => ({
      path: `${prefix}${operation.path}`,
      answer: (request: VwsRequest) => serve(parts, chains, operation, request),
    })),
  ];
}

/** @throws Refusal `payload_malformed`, `key_refused`, `busy` */
async function createSessionKey({ clock }: VwsParts, chains: ChainKeeper, body: unknown): Promise<VwsAnswer> {
  const members =
    typeof body === 'object' && body !== null ? new Map<string, unknown>(Object.entries(body)) : null;
  const publicKey = members?.get('public_key');
  if (members?.size !== 1 || typeof publicKey !== 'string') {
    throw new Refusal('payload_malformed', { detail: 'It needs "public_key", a text, and nothing else' });
  }
  const read = readClientKey(publicKey);
  if (!read.ok) throw new Refusal('key_refused', { detail: read.reason });
  const { id, key } = await chains.issue(chains.begin(), clock.now());
  const ciphertext = oaepEncrypt(read.key.keyObject, Buffer.from(key)).toString('hex');
  return { status: 200, body: { ciphertext, session_key: encryptField(key, id) }, refusal: null };
}

/**
 * Reads the shape, takes the id, opens the fields, does what was asked, and hands out the next pair, whatever came of
 * it. The id is gone before a field is opened: else altered ones could be tried again and again under one key, and
 * which of them opens would tell what is in it.
 *
 * @throws Refusal `payload_malformed`, before the id is touched; `busy` where ids cannot be asked for
 */
async function serve(
  parts: VwsParts,
  chains: ChainKeeper,
  operation: Operation,
  request: VwsRequest,
): Promise<VwsAnswer> {
  const { clock } = parts;
  const form = readRequestForm(request.body, operation.fields, operation.optional);
  if (!form.ok) throw new Refusal('payload_malformed', { detail: form.problem });
  const taken = await chains.take(form.sessionKey, clock.now());
  if (taken.state !== 'good') return taken.state === 'expired' ? expiredSession() : unknownSession();
  const { chain, key } = taken;
  let answer: (next: Pair) => VwsAnswer;
  try {
    const message = await perform(parts, operation, request, chain, openFields(key, form.fields));
    answer = (next) => doneAnswer(key, next, message);
  } catch (error) {
    const refusal = request.refusalFor(error);
    answer = (next) => refusedAnswer(key, next, refusal);
  }
  return answer(await chains.issue(chain, clock.now()));
}

async function perform(
  { core, clock }: VwsParts,
  operation: Operation,
  { address, client, parameter }: VwsRequest,
  chain: Chain,
  fields: Readonly<Record<string, string>>,
): Promise<string | null> {
  await admit(core, chain, address);
  const userId = chain.login?.userId ?? null;
  if (operation.login && userId === null) throw new Refusal('not_logged_in');
  const caller: Caller = { userId, sessionId: null, address, client, claim: null };
  const message = await operation.perform({ core, chain, caller, parameter }, fields);
  noteAddress({ core, clock }, chain, address);
  return message;
}

/**
 * Looks whether the user's login is still good, and whether user or address are kept out.
 *
 * @throws Refusal `banned`, `kicked`
 */
async function admit(core: VwsCore, chain: Chain, address: string): Promise<void> {
  core.bans.refuseAddress(address);
  if (chain.login === null) return;
  const { userId, mark } = chain.login;
  if ((await core.loginMark(userId)) !== mark) {
    chain.login = null;
    return;
  }
  core.bans.refuseUser(userId);
}

/** Where the user is, also when it is known only since now who they are. */
function noteAddress({ core, clock }: Pick<VwsParts, 'core' | 'clock'>, chain: Chain, address: string): void {
  if (chain.login === null) return;
  const now = clock.now();
  if (now - chain.notedAt < notedMilliseconds) return;
  chain.notedAt = now;
  core.seen.note(chain.login.userId, address, now);
}

/** @throws Refusal `payload_rejected`: one answer, whichever field it is and whatever is wrong with it */
function openFields(key: string, fields: Readonly<Record<string, string>>): Record<string, string> {
  const opened: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) {
    const text = decryptField(key, field);
    if (text === null) throw new Refusal('payload_rejected');
    opened[name] = text;
  }
  return opened;
}
