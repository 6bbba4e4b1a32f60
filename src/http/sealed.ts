import { openSealedRequest, readSealedRequest, sealAnswer } from '../crypto/sealed-payload.ts';
import type { AtRestKeys } from '../crypto/at-rest.ts';
import type { AddressRanges } from '../core/addresses.ts';
import type { Caller } from '../core/caller.ts';
import type { Clock } from '../core/clock.ts';
import { Refusal } from '../core/errors.ts';
import type { IdemClaim } from '../core/idempotency.ts';
import type { Logger } from '../core/logger.ts';
import type { ReplayProtection } from '../core/sessions/replay-protection.ts';
import type { SessionRegistry } from '../core/sessions/session-registry.ts';
import { type SessionKey, rotationAdvisedAfterSeals } from '../core/sessions/session.ts';
import { readBody } from './body.ts';
import type { AnyEndpoint } from './endpoint.ts';
import { readEnvelope } from './envelope.ts';
import type { AnswerOnce } from './answer-once.ts';
import { sealedHeaders, apiHeaders, clearProblem, problemOf, retryHeaders } from './problem.ts';
import { type HttpContext, addressOf, clientOf, lastSegment, pathAsSent } from './request.ts';
import { parseStrictJson } from './strict-json.ts';

export interface SealedDependencies {
  readonly registry: SessionRegistry;
  readonly replayProtection: ReplayProtection;
  readonly answerOnce: AnswerOnce;
  readonly atRest: AtRestKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy: AddressRanges;
}

/** A request that has been opened and counted: from here on the answer is sealed. */
interface OpenedRequest {
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
  return async (context: HttpContext): Promise<Response> => {
    let opened: OpenedRequest;
    try {
      opened = await open(dependencies, context);
    } catch (error) {
      if (error instanceof Refusal) return clearProblem(error, closing(error));
      throw error;
    }
    const { key, seq } = opened;
    let body: string;
    let status = 200;
    let headers: Record<string, string> | undefined;
    try {
      const accepted = dependencies.replayProtection.accept(key, seq);
      if (!(accepted instanceof Promise ? await accepted : accepted)) {
        throw new Refusal('replayed', { nextSeq: dependencies.replayProtection.nextSeq(key) });
      }
      dependencies.registry.touch(key, dependencies.clock.now());
      const result = perform(dependencies, endpoint, context, opened);
      body = JSON.stringify(endpoint.present(result instanceof Promise ? await result : result));
    } catch (error) {
      const refusal = refusalFor(dependencies.logger, endpoint, error);
      const problem = problemOf(refusal);
      body = JSON.stringify(problem);
      ({ status } = problem);
      headers = retryHeaders(refusal);
    }
    if (!dependencies.replayProtection.countSeal(key)) return clearProblem(new Refusal('session_unknown'));
    const header =
      key.seals > rotationAdvisedAfterSeals ? { re: seq, status, rot: true as const } : { re: seq, status };
    const payload = sealAnswer(key.enc, key.secret, header, body);
    return new Response(`{"payload":"${payload}"}`, {
      status,
      headers: headers === undefined ? sealedHeaders : { ...apiHeaders, ...headers },
    });
  };
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
  if (!parsed.ok) throw new Refusal('payload_malformed', { detail: parsed.problem });
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
class HttpCaller implements Caller {
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

  get address(): string {
    return addressOf(this.context, this.trusted);
  }

  get client(): string {
    return clientOf(this.context);
  }
}

/** What the client is told of anything that was thrown. */
function refusalFor(logger: Logger, endpoint: AnyEndpoint, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  logger.error('a request failed', { path: endpoint.path, error });
  return new Refusal('internal');
}

/** After a body that was not read to its end the connection cannot go on. */
function closing(refusal: Refusal): Record<string, string> {
  return refusal.code === 'too_large' || refusal.code === 'encoding_unsupported'
    ? { Connection: 'close' }
    : {};
}
