import { encodeBase64url, randomBytes } from './bytes.ts';
import type { ContentEncryption } from './content-encryption.ts';
import { LetterlockError, readProblem } from './errors.ts';
import { type HandshakeVerifier, createHandshakeKeys } from './handshake.ts';
import { type Platform, exchange, successful } from './http.ts';
import type { Session } from './session.ts';

/** A request as the endpoints describe it. */
export interface SealedCall {
  readonly path: string;
  readonly fields: object;
  /** Whether it changes something: then it carries an `idem`, and is never done twice. */
  readonly changes: boolean;
  /** The caller's own `idem`, to be kept over restarts of the program. */
  readonly idem?: string;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  readonly url: string;
  readonly enc: ContentEncryption;
  readonly verifier: HandshakeVerifier;
  readonly platform: Platform;
  readonly timeoutMilliseconds: number;
  /** Attempts for one request at most. */
  readonly attempts: number;
  /** Logs in again in a new session; null where the caller gave no credentials. */
  readonly logInAgain: (() => Promise<void>) | null;
  readonly onSessionLost: () => void;
}

/** After this many requests, or this time, the session key is rotated (PROTOCOL.md §4). */
const rotateAfterRequests = 1_000;
const rotateAfterMilliseconds = 10 * 60 * 1000;
/** A server that asks for a longer pause is not waited for. */
const longestWaitSeconds = 30;

/** Endpoints without a user that may be asked again in another session: nothing is gained or lost by it. */
const repeatable: ReadonlySet<string> = new Set([
  '/login_user',
  '/forgot_password',
  '/rotate_session_key',
  '/logout',
]);

/**
 * Carries requests: opens, rotates and replaces sessions, and tries again where that is safe.
 *
 * A change is kept by the server under its `idem` for the user, or, before login, for the session. So a change whose
 * answer was lost is asked for again with the same `idem`, also in a new session of the same user. Only where a
 * session without a user is lost together with an answer can nobody say what was done: `outcome_unknown`.
 */
export class Transport {
  private readonly options: TransportOptions;
  private session: Session | null = null;
  private opening: Promise<Session> | null = null;
  private rotating: Promise<void> | null = null;
  private loggingInAgain: Promise<void> | null = null;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** Makes sure there is a session. */
  async open(): Promise<void> {
    await this.currentSession();
  }

  /** Says that a user is logged in now, or not any more. */
  setLoggedIn(loggedIn: boolean): void {
    if (this.session !== null) this.session.loggedIn = loggedIn;
  }

  /** Forgets the session; the next request opens another. */
  forgetSession(): void {
    this.session = null;
  }

  /** Sends a request until it is answered, and returns what the answer holds. @throws LetterlockError */
  async send(call: SealedCall): Promise<unknown> {
    const idem = call.changes ? (call.idem ?? encodeBase64url(randomBytes(18))) : null;
    let maybeDone = false;
    for (let attempt = 1; ; attempt++) {
      call.signal?.throwIfAborted();
      const session = await this.sessionFor(call);
      try {
        return await this.sendOnce(session, call, idem);
      } catch (error) {
        if (!(error instanceof LetterlockError) || attempt >= this.options.attempts) throw error;
        maybeDone ||= error.code === 'unreachable';
        await this.prepareRetry(error, session, call, attempt, maybeDone);
      }
    }
  }

  /** Replaces the session key now. */
  async rotate(): Promise<void> {
    this.rotating ??= this.performRotation().finally(() => (this.rotating = null));
    await this.rotating;
  }

  private async sendOnce(session: Session, call: SealedCall, idem: string | null): Promise<unknown> {
    const { url, platform, timeoutMilliseconds } = this.options;
    const seq = session.nextSeq();
    const body = await session.seal(call.path, seq, idem, call.fields);
    const answer = await exchange(platform, url + call.path, body, {
      timeoutMilliseconds,
      signal: call.signal,
    });
    const payload = payloadOf(answer.body);
    if (payload === null) return successful(answer.status === 200 ? { ...answer, status: 0 } : answer);
    const opened = await session.open(payload, seq, answer.status);
    if (answer.status === 200) return opened;
    throw readProblem(opened, answer.status) ?? new LetterlockError('answer_rejected');
  }

  /** Waits, opens or advances what the next attempt needs; throws the error again where there is no next one. */
  private async prepareRetry(
    error: LetterlockError,
    session: Session,
    call: SealedCall,
    attempt: number,
    maybeDone: boolean,
  ): Promise<void> {
    switch (error.code) {
      case 'replayed':
        session.advanceTo(error.nextSeq ?? session.requests + 1);
        return;
      case 'session_unknown':
        await this.replaceSession(session, call, maybeDone);
        return;
      case 'rate_limited':
      case 'busy':
        if ((error.retryAfter ?? 1) > longestWaitSeconds) throw error;
        await this.pause((error.retryAfter ?? 1) * 1000, call, attempt);
        return;
      case 'unreachable':
        await this.pause(0, call, attempt);
        return;
      default:
        throw error;
    }
  }

  /** Full jitter on top of what the server asked for: clients that were cut off together do not come back together. */
  private async pause(least: number, call: SealedCall, attempt: number): Promise<void> {
    const { random, sleep } = this.options.platform;
    await sleep(least + random() * Math.min(10_000, 200 * 2 ** attempt), call.signal);
  }

  private async replaceSession(lost: Session, call: SealedCall, maybeDone: boolean): Promise<void> {
    const { logInAgain, onSessionLost } = this.options;
    if (this.session === lost) this.session = null;
    else if (this.loggingInAgain === null) return;
    if (lost.loggedIn) {
      if (logInAgain === null) {
        onSessionLost();
        throw new LetterlockError('session_unknown', { detail: 'the session ended: log in again' });
      }
      this.loggingInAgain ??= logInAgain().finally(() => (this.loggingInAgain = null));
      await this.loggingInAgain;
    } else if (call.changes && maybeDone && !repeatable.has(call.path)) {
      throw new LetterlockError('outcome_unknown', {
        detail: 'the answer was lost together with its session',
      });
    }
  }

  private async sessionFor(call: SealedCall): Promise<Session> {
    // Nobody goes ahead in a new session before its user is back in it.
    if (this.loggingInAgain !== null && call.path !== '/login_user') await this.loggingInAgain;
    const session = await this.currentSession();
    if (call.path !== '/rotate_session_key' && this.isOld(session)) {
      // Requests in flight go on under the old key; one that fails to rotate is tried again with the next request.
      await this.rotate().catch(() => {});
      return this.currentSession();
    }
    return session;
  }

  private isOld(session: Session): boolean {
    const age = this.options.platform.now() - session.openedAt;
    return session.rotationAsked || session.requests >= rotateAfterRequests || age >= rotateAfterMilliseconds;
  }

  private async currentSession(): Promise<Session> {
    if (this.session !== null) return this.session;
    this.opening ??= this.openSession().finally(() => (this.opening = null));
    return this.opening;
  }

  private async openSession(): Promise<Session> {
    const { url, enc, platform, timeoutMilliseconds, verifier, attempts } = this.options;
    const keys = await createHandshakeKeys();
    const body = JSON.stringify({ public_key: keys.publicJwk, enc });
    for (let attempt = 1; ; attempt++) {
      try {
        const limits = { timeoutMilliseconds, signal: undefined };
        const answer = successful(await exchange(platform, `${url}/create_session_key`, body, limits));
        this.session = await verifier.accept(answer, keys, enc, platform.now(), false);
        return this.session;
      } catch (error) {
        const again =
          error instanceof LetterlockError && ['unreachable', 'rate_limited', 'busy'].includes(error.code);
        const wait = error instanceof LetterlockError ? (error.retryAfter ?? 0) : 0;
        if (!again || attempt >= attempts || wait > longestWaitSeconds) throw error;
        await platform.sleep(wait * 1000 + platform.random() * 200 * 2 ** attempt, undefined);
      }
    }
  }

  private async performRotation(): Promise<void> {
    const { verifier, platform } = this.options;
    const old = await this.currentSession();
    const keys = await createHandshakeKeys();
    const { enc } = old.key;
    const answer = await this.send({
      path: '/rotate_session_key',
      fields: { public_key: keys.publicJwk, enc },
      changes: true,
    });
    const next = await verifier.accept(answer, keys, enc, platform.now(), old.loggedIn);
    // A logout or a loss of the session in between has the last word.
    if (this.session === old) {
      next.loggedIn = old.loggedIn;
      this.session = next;
    }
  }
}

function payloadOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('payload' in body)) return null;
  return typeof body.payload === 'string' ? body.payload : null;
}
