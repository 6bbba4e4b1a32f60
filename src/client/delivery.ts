import { encodeBase64url, randomBytes } from './bytes.ts';
import { LetterlockError } from './errors.ts';
import type { Platform } from './http.ts';
import { boundToSession, isRead, repeatable } from './paths.ts';
import { pauseBeforeRetry, retryDelay } from './retry.ts';
import type { Session } from './session.ts';
import type { SealedRequest } from './wire.ts';

/** A request as the endpoints describe it. */
export interface SealedCall {
  readonly path: string;
  readonly fields: object;
  /** The caller's own `idem`, to be kept over restarts of the program. */
  readonly idem?: string;
  readonly signal?: AbortSignal | undefined;
  /** How long one attempt may take, where that is less than the client's own. */
  readonly timeoutMilliseconds?: number;
}

/** Carries a request once. */
export interface Carrier<Answer> {
  readonly platform: Platform;
  sealed(session: Session, request: SealedRequest): Promise<Answer>;
}

/** Where the sessions for the attempts at a call come from. */
export interface SessionSource {
  next(): Promise<Session>;
  /** The server does not know this one. @throws the error where there is to be no other */
  lost(session: Session, error: LetterlockError): void;
}

/**
 * Sends a call until it is answered, and returns what the answer holds.
 *
 * A change is kept by the server under its `idem` for the user, or, before login, for the session. So a change whose
 * answer was lost is asked for again with the same `idem`, also in a new session of the same user. Only where that
 * would be no use can nobody say what was done: `outcome_unknown`.
 *
 * @throws LetterlockError; the signal's reason
 */
export async function deliver<Answer>(
  call: SealedCall,
  means: { readonly wire: Carrier<Answer>; readonly attempts: number },
  source: SessionSource,
): Promise<Answer> {
  const { path, fields, signal, timeoutMilliseconds } = call;
  const idem = call.idem ?? (isRead(path) ? null : encodeBase64url(randomBytes(18)));
  const limits = { attempts: means.attempts, platform: means.wire.platform, signal };
  let maybeDone = false;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const session = await source.next().catch((error: unknown) => {
      throw maybeDone && isFinal(error) ? outcomeUnknown(error) : error;
    });
    try {
      return await means.wire.sealed(session, { path, fields, idem, signal, timeoutMilliseconds });
    } catch (error) {
      if (!(error instanceof LetterlockError)) throw error;
      const doneBefore = maybeDone;
      maybeDone ||= idem !== null && !repeatable.has(path) && leavesOpen(error);
      if (error.code === 'replayed') session.advanceTo(error.nextSeq ?? 0);
      if (error.code === 'session_unknown') {
        source.lost(session, error);
        const bound = boundToSession.has(path);
        if (doneBefore && (bound || session.place.login === null)) throw outcomeUnknown(error);
        if (bound) throw error;
      } else if (doneBefore && !error.sealed && isFinal(error)) {
        throw outcomeUnknown(error);
      }
      await pauseBeforeRetry(error, attempt, limits);
    }
  }
}

/**
 * Whether the request may have been done although it failed so. `replayed` is about its own number: something on the
 * way sent it twice. A lost session is taken at its word, because most are lost to time, before anything was done.
 */
function leavesOpen(error: LetterlockError): boolean {
  return error.code === 'replayed' || (!error.sealed && error.code !== 'session_unknown');
}

/** Whether trying again will not change it. */
function isFinal(error: unknown): boolean {
  return error instanceof LetterlockError && (error.code === 'session_unknown' || retryDelay(error) === null);
}

function outcomeUnknown(cause: unknown): LetterlockError {
  const detail = 'an answer was lost, and what was done cannot be asked for any more';
  return new LetterlockError('outcome_unknown', { detail }, cause);
}
