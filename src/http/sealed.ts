import { openSealedRequest, readSealedRequest, sealAnswer } from '../crypto/sealed-payload.ts';
import type { AtRestKeys } from '../crypto/at-rest.ts';
import type { AddressRanges } from '../core/addresses.ts';
import type { SealedCaller } from '../core/caller.ts';
import type { Clock } from '../core/clock.ts';
import { Refusal } from '../core/errors.ts';
import type { IdemClaim } from '../core/idempotency.ts';
import type { ReplayGuard } from '../core/sessions/replay-guard.ts';
import type { SessionRegistry } from '../core/sessions/session-registry.ts';
import { type SessionKey, rotationAdvisedAfterSeals } from '../core/sessions/session.ts';
import type { CheckAdmission } from '../core/moderation/admission.ts';
import type { EventPlan } from '../core/live/open-events.ts';
import { readBody } from './body.ts';
import { type AnyEndpoint, illFormedText } from './endpoint.ts';
import { readEnvelope } from './envelope.ts';
import type { OpenEventStream } from './event-stream.ts';
import type { AnswerOnce } from './answer-once.ts';
import type { Observation } from './observation.ts';
import {
  sealedHeaders,
  apiHeaders,
  clearProblem,
  closingHeaders,
  problemOf,
  retryHeaders,
} from './problem.ts';
import { type HttpContext, addressOf, clientOf, lastSegment, pathAsSent } from './request.ts';
import { parseStrictJson } from './strict-json.ts';

export interface SealedDependencies {
  readonly registry: SessionRegistry;
  readonly replayProtection: ReplayGuard;
  readonly answerOnce: AnswerOnce;
  readonly atRest: AtRestKeys;
  readonly clock: Clock;
  readonly observation: Observation;
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy: AddressRanges;
  /** @throws Refusal `banned`, `kicked` */
  readonly checkAdmission: CheckAdmission;
  /** To be waited for before that, where other nodes may have changed what is known here. Null as a rule. */
  readonly whenBansAreKnown: () => Promise<void> | null;
  readonly openEventStream: OpenEventStream;
}

/** A request that has been opened and counted: from here on the answer is sealed. */
export interface OpenedRequest {
  readonly key: SessionKey;
  readonly seq: number;
  readonly idem: string | undefined;
  readonly path: string;
  readonly plaintext: Buffer;
}

/**
 * Serves an endpoint over the sealed API (PROTOCOL.md §2, §3): opens the payload, accepts its number, calls the
 * endpoint, seals what comes of it, refusals too.
 */
export function serveSealed(dependencies: SealedDependencies, endpoint: AnyEndpoint) {
  const { observation } = dependencies;
  const note = observation.of(endpoint.path);
  return async (context: HttpContext): Promise<Response> => {
    const startedAt = performance.now();
    let opened: OpenedRequest;
    try {
      opened = await open(dependencies, context);
    } catch (error) {
      const refusal = observation.refusalFor(context, endpoint.path, error);
      note(context, startedAt, refusal.code);
      return clearProblem(refusal, closingHeaders(refusal));
    }
    try {
      const accepting = accept(dependencies, context, opened);
      if (accepting instanceof Promise) await accepting;
      const result = perform(dependencies, endpoint, context, opened);
      const settled = result instanceof Promise ? await result : result;
      if (endpoint.streams === true) {
        const streaming = await dependencies.openEventStream(context, opened, settled as EventPlan);
        note(context, startedAt, 'ok');
        return streaming;
      }
      const answer = seal(dependencies, opened, 200, JSON.stringify(endpoint.present(settled)));
      // It is another only where the key has sealed all it may.
      note(context, startedAt, answer.status === 200 ? 'ok' : 'session_unknown');
      return answer;
    } catch (error) {
      const refusal = observation.refusalFor(context, endpoint.path, error);
      note(context, startedAt, refusal.code);
      const problem = problemOf(refusal);
      return seal(dependencies, opened, problem.status, JSON.stringify(problem), retryHeaders(refusal));
    }
  };
}

/**
 * Counts the request's number, and looks whether somebody is kept out. At once where that is possible.
 *
 * @throws Refusal `replayed`, `banned`, `kicked`
 */
function accept(
  dependencies: SealedDependencies,
  context: HttpContext,
  { key, seq, path }: OpenedRequest,
): void | Promise<void> {
  const { replayProtection, whenBansAreKnown } = dependencies;
  const admit = (accepted: boolean): void => {
    if (!accepted) throw new Refusal('replayed', { nextSeq: replayProtection.nextSeq(key) });
    const now = dependencies.clock.now();
    dependencies.registry.touch(key, now);
    // Whoever is kept out may still end their session.
    if (path !== '/logout')
      dependencies.checkAdmission(key, now, () => addressOf(context, dependencies.trustProxy));
  };
  const accepted = replayProtection.accept(key, seq);
  if (!(accepted instanceof Promise)) return admit(accepted);
  return accepted.then(async (isFresh) => {
    const reading = whenBansAreKnown();
    if (reading !== null) await reading;
    // While the numbers were being reserved the session may have ended.
    if (!dependencies.registry.holds(key)) throw new Refusal('session_unknown');
    admit(isFresh);
  });
}

function seal(
  { replayProtection }: SealedDependencies,
  { key, seq }: OpenedRequest,
  status: number,
  body: string,
  headers?: Record<string, string>,
): Response {
  if (!replayProtection.countSeal(key)) return clearProblem(new Refusal('session_unknown'));
  const header =
    key.seals > rotationAdvisedAfterSeals ? { re: seq, status, rot: true as const } : { re: seq, status };
  const payload = sealAnswer(key.enc, key.secret, header, body);
  return new Response(`{"payload":"${payload}"}`, {
    status,
    headers: headers === undefined ? sealedHeaders : { ...apiHeaders, ...headers },
  });
}

/** Shape, session, header, decryption: everything that is answered in the clear when it fails. */
async function open({ registry }: SealedDependencies, context: HttpContext): Promise<OpenedRequest> {
  const envelope = readEnvelope(await readBody(context));
  if ('problem' in envelope) throw new Refusal('payload_malformed', { detail: envelope.problem });
  const found = registry.find(envelope.sessionKey);
  const key = found instanceof Promise ? await found : found;
  if (key === null) throw new Refusal('session_unknown');
  const request = readSealedRequest(envelope.payload);
  if (request.kind === 'malformed') throw new Refusal('payload_malformed');
  const path = pathAsSent(context);
  // One answer, whatever it was that did not fit: a payload that is tried in other places learns nothing from
  // where it failed (PROTOCOL.md §3, `payload_rejected`).
  if (request.kind === 'rejected' || request.header.htu !== path) throw new Refusal('payload_rejected');
  const plaintext = openSealedRequest(request, key.enc, key.secret);
  if (plaintext === null) throw new Refusal('payload_rejected');
  return { key, seq: request.header.seq, idem: request.header.idem, path, plaintext };
}

/** What the endpoint comes to; at once where it need not wait, because most requests are small and waiting is not. */
function perform(
  dependencies: SealedDependencies,
  endpoint: AnyEndpoint,
  context: HttpContext,
  opened: OpenedRequest,
): unknown {
  const { key, plaintext, path, idem } = opened;
  const parsed = parseStrictJson(plaintext);
  if (!parsed.ok) {
    if (parsed.field !== undefined) throw illFormedText(parsed.field);
    throw new Refusal('payload_malformed', { detail: parsed.problem });
  }
  const input = parsed.value;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new Refusal('payload_malformed', { detail: 'The payload is no JSON object' });
  }
  if (endpoint.login && key.session.userId === null) throw new Refusal('not_logged_in');
  const parameter = lastSegment(path);
  if (parameter === null) throw new Refusal('not_found', { detail: 'The path is not well encoded' });
  const { answerOnce, trustProxy } = dependencies;
  const claim =
    endpoint.changes && idem !== undefined ? answerOnce.claim(key.session, idem, path, plaintext) : null;
  const caller = new HttpCaller(context, trustProxy, key, claim);
  return claim === null
    ? endpoint.handle(caller, input, parameter)
    : answerOnce.run(claim, async () => endpoint.handle(caller, input, parameter));
}

/** Most endpoints ask neither for the address nor for the client's name, so neither is read ahead. */
class HttpCaller implements SealedCaller {
  readonly key: SessionKey;
  readonly claim: IdemClaim | null;
  private readonly context: HttpContext;
  private readonly trusted: AddressRanges;

  constructor(context: HttpContext, trusted: AddressRanges, key: SessionKey, claim: IdemClaim | null) {
    this.context = context;
    this.trusted = trusted;
    this.key = key;
    this.claim = claim;
  }

  get userId(): string | null {
    return this.key.session.userId;
  }

  get sessionId(): string {
    return this.key.session.id;
  }

  get address(): string {
    return addressOf(this.context, this.trusted);
  }

  get client(): string {
    return clientOf(this.context);
  }
}
