import type { ContentEncryption } from './content-encryption.ts';
import { deliver } from './delivery.ts';
import { LetterlockError } from './errors.ts';
import { type HandshakeVerifier, createHandshakeKeys } from './handshake.ts';
import { pauseBeforeRetry, retryDelay } from './retry.ts';
import { type Login, type Session, isSameUser } from './session.ts';
import type { Credentials } from './types.ts';
import { SharedWork, Turns, abortable } from './waiting.ts';
import type { Wire } from './wire.ts';

export interface SessionOptions {
  readonly wire: Wire;
  readonly verifier: HandshakeVerifier;
  readonly enc: ContentEncryption;
  /** Attempts for one request at most. */
  readonly attempts: number;
  /** Null where the caller gave none. */
  readonly credentials: (() => Credentials | Promise<Credentials>) | null;
  readonly onSessionLost: () => void;
}

type Signal = AbortSignal | undefined;

/** After this many requests, or this time, the session key is rotated (PROTOCOL.md §4). */
const rotateAfterRequests = 1_000;
const rotateAfterMilliseconds = 10 * 60 * 1000;
/** Between attempts at a rotation that fails; doubles with every failure up to the second. */
const [firstBackOff, longestBackOff] = [30_000, 10 * 60 * 1000];
/** The old key ends 30 s after a rotation, also one whose answer was lost: time for more than one attempt. */
const rotationTimeoutMilliseconds = 8_000;

/** Opens, restores and rotates the client's session. There is one, and one user at most is meant to be in it. */
export class SessionSupply {
  private readonly options: SessionOptions;
  private session: Session | null = null;
  /** Who is meant to be logged in. Stays when the session is lost, until it is certain that they cannot be again. */
  private user: Login | null = null;
  private readonly restoring = new SharedWork<Session>();
  private readonly rotating = new SharedWork<void>();
  /** Whatever changes who is logged in goes one by one, and everything else waits for it. */
  private readonly turns = new Turns();
  private rotation = { notBefore: 0, failures: 0 };

  constructor(options: SessionOptions) {
    this.options = options;
  }

  /** Who is meant to be logged in. */
  get login(): Login | null {
    return this.user;
  }

  /** The session as it is; null where none is open. */
  get existing(): Session | null {
    return this.session;
  }

  /**
   * The session with its user in it, opened and logged in again if need be.
   *
   * @throws LetterlockError `session_unknown` where the user cannot be logged in again: the cause says why
   */
  async current(signal: Signal): Promise<Session> {
    await this.turns.settled(signal);
    if (this.session === null || !isSameUser(this.session.place.login, this.user)) {
      return this.restoring.join(signal, (stop) => this.inTurn(stop, () => this.restore(stop)));
    }
    // Requests go on under the old key meanwhile: it stays good while a new one is fetched.
    this.rotateIfDue();
    return this.session;
  }

  /** Asks for a new session key where the old one has served for long enough. */
  rotateIfDue(): void {
    const { session } = this;
    if (session === null || !this.isRotationDue(session)) return;
    void this.rotateAndCount(session, undefined).catch(() => {});
  }

  /** A session, whoever is in it. To be asked for in turn. */
  async open(signal: Signal): Promise<Session> {
    if (this.session === null) this.session = await this.handshake(signal);
    return this.session;
  }

  /** A session for somebody to log in to. One with a user in it never changes its user under running requests. */
  async openForLogin(signal: Signal): Promise<Session> {
    const session = await this.open(signal);
    return session.place.login === null ? session : this.handshake(signal);
  }

  /** Does what changes who is logged in, when nothing else does. */
  async inTurn<T>(signal: Signal, work: () => Promise<T>): Promise<T> {
    return this.turns.take(signal, work);
  }

  /** Goes on in a session that somebody has just logged in to; one that it takes the place of is ended. */
  enter(session: Session, login: Login): void {
    const { session: before } = this;
    session.place.login = login;
    this.user = login;
    if (before?.place === session.place) return;
    this.session = session;
    if (before === null || before.place.login === null) return;
    void this.options.wire.sealed(before, { path: '/logout', fields: {}, idem: null }).catch(() => {});
  }

  /** Gives a session up that the server does not know any more. */
  drop(session: Session): void {
    if (this.session === session) this.session = null;
  }

  /** Forgets session and user. */
  forget(): void {
    this.session = null;
    this.user = null;
  }

  /** Replaces the session key now. A session that is lost is replaced as a whole. @throws LetterlockError */
  async rotate(signal: Signal): Promise<void> {
    const session = await this.current(signal);
    try {
      await this.rotateAndCount(session, signal);
    } catch (error) {
      if (!(error instanceof LetterlockError && error.code === 'session_unknown')) throw error;
      this.drop(session);
      await this.current(signal);
    }
  }

  private async handshake(signal: Signal): Promise<Session> {
    const { wire, verifier, enc, attempts } = this.options;
    const keys = await createHandshakeKeys();
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await wire.clear('/create_session_key', { public_key: keys.publicJwk, enc }, signal);
        return await verifier.accept(answer, { keys, enc, openedAt: wire.platform.now() }, signal);
      } catch (error) {
        await pauseBeforeRetry(error, attempt, { attempts, platform: wire.platform, signal });
      }
    }
  }

  private async restore(signal: Signal): Promise<Session> {
    const { credentials } = this.options;
    const { user } = this;
    if (user !== null && credentials === null && !isSameUser(this.session?.place.login ?? null, user)) {
      throw this.lose('the session ended: log in again');
    }
    const session = await this.open(signal);
    if (user === null || credentials === null || isSameUser(session.place.login, user)) return session;
    const fields = await askFor(credentials, signal);
    let last = session;
    try {
      const answer = await deliver({ path: '/login_user', fields, signal }, this.options, {
        next: async () => (last = await this.open(signal)),
        lost: (lost) => this.drop(lost),
      });
      this.enter(last, readLogin(answer));
      return last;
    } catch (error) {
      // Only the server itself can say that there is no way back in: anything else may pass.
      const refused = error instanceof LetterlockError && error.sealed && retryDelay(error) === null;
      throw refused ? this.lose('the session ended, and the credentials are refused', error) : error;
    }
  }

  /** The user is out for good: the error is the same for all who find it out, now or from their own answers. */
  private lose(detail: string, cause?: unknown): LetterlockError {
    this.user = null;
    queueMicrotask(this.options.onSessionLost);
    return new LetterlockError('session_unknown', { detail }, cause);
  }

  private isRotationDue(session: Session): boolean {
    const now = this.options.wire.platform.now();
    if (now < this.rotation.notBefore) return false;
    const age = now - session.openedAt;
    return session.rotationAsked || session.requests >= rotateAfterRequests || age >= rotateAfterMilliseconds;
  }

  private async rotateAndCount(session: Session, signal: Signal): Promise<void> {
    await this.rotating.join(signal, async (stop) => {
      try {
        await this.fetchNewKey(session, stop);
        this.rotation = { notBefore: 0, failures: 0 };
      } catch (error) {
        const { failures } = this.rotation;
        const wait = Math.min(longestBackOff, firstBackOff * 2 ** failures);
        this.rotation = { notBefore: this.options.wire.platform.now() + wait, failures: failures + 1 };
        throw error;
      }
    });
  }

  private async fetchNewKey(old: Session, signal: Signal): Promise<void> {
    const { wire, verifier } = this.options;
    const { enc } = old.key;
    const keys = await createHandshakeKeys();
    const call = {
      path: '/rotate_session_key',
      fields: { public_key: keys.publicJwk, enc },
      signal,
      timeoutMilliseconds: rotationTimeoutMilliseconds,
    };
    const answer = await deliver(call, this.options, {
      next: () => Promise.resolve(old),
      lost: (_lost, error) => {
        throw error;
      },
    });
    const handshake = { keys, enc, openedAt: wire.platform.now(), place: old.place };
    const next = await verifier.accept(answer, handshake, signal);
    // A logout or a loss of the session in between has the last word.
    if (this.session === old) this.session = next;
  }
}

/** Who it was that an answer says is logged in now. */
export function readLogin({ user }: Record<string, unknown>): Login {
  const id = typeof user === 'object' && user !== null && 'id' in user ? user.id : null;
  return { userId: typeof id === 'string' ? id : null };
}

async function askFor(
  credentials: () => Credentials | Promise<Credentials>,
  signal: Signal,
): Promise<Credentials> {
  try {
    return await abortable(
      Promise.resolve().then(() => credentials()),
      signal,
    );
  } catch (error) {
    signal?.throwIfAborted();
    const detail = 'the session ended, and there were no credentials to log in again';
    throw new LetterlockError('session_unknown', { detail }, error);
  }
}
