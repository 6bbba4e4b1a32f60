import { type Carrier, type SealedCall, deliver } from './delivery.ts';
import { LetterlockError } from './errors.ts';
import type { EventStream } from './event-stream.ts';
import type { Platform } from './http.ts';
import { entering } from './paths.ts';
import { type Login, type Session, isSameUser } from './session.ts';
import { type SessionOptions, SessionSupply, readLogin } from './session-supply.ts';

/** Carries the calls of one client: each in the right session, as the user for whom it was made. */
export class Transport {
  private readonly options: SessionOptions;
  private readonly supply: SessionSupply;

  constructor(options: SessionOptions) {
    this.options = options;
    this.supply = new SessionSupply(options);
  }

  /** The session that requests go out in, with its user in it, opened and logged in again if need be. */
  async session(signal?: AbortSignal): Promise<Session> {
    return this.supply.current(signal);
  }

  get platform(): Platform {
    return this.options.wire.platform;
  }

  /** Sends a request until it is answered, and returns what the answer holds. @throws LetterlockError */
  async send(call: SealedCall): Promise<unknown> {
    const { path } = call;
    if (entering.has(path)) return this.enter(call);
    if (path === '/logout') return this.logout(call);
    if (path === '/rotate_session_key') return this.rotate(call.signal);
    const user = this.supply.login;
    const answer = await this.asUser(user, call, this.options.attempts, this.options.wire);
    if (path === '/delete_account' && isSameUser(user, this.supply.login)) this.supply.forget();
    return answer;
  }

  /** Replaces the session key now. */
  async rotate(signal?: AbortSignal): Promise<Record<string, never>> {
    await this.supply.rotate(signal);
    return {};
  }

  /** The same for one certain user: refused with `session_unknown` once somebody else is logged in, or nobody. */
  async sendAs(user: Login | null, call: SealedCall): Promise<unknown> {
    return this.asUser(user, call, this.options.attempts, this.options.wire);
  }

  /**
   * Opens a stream of events. It is asked for again once at most: the rest is for who follows it.
   *
   * @param user whose they are to be; null for whoever is logged in
   * @throws LetterlockError
   */
  async openEvents(
    call: SealedCall,
    user: Login | null,
  ): Promise<{ stream: EventStream; user: Login | null }> {
    const { wire } = this.options;
    // Who only listens makes no requests by which their key would be found to be old.
    const onLife = (): void => this.supply.rotateIfDue();
    return this.asUser(user ?? this.supply.login, call, 2, {
      platform: wire.platform,
      sealed: async (session, request) => ({
        stream: await wire.events(session, request, onLife),
        user: session.place.login,
      }),
    });
  }

  private async asUser<Answer>(
    asked: Login | null,
    call: SealedCall,
    attempts: number,
    wire: Carrier<Answer>,
  ): Promise<Answer> {
    const { supply } = this;
    let user = asked;
    let asks = 0;
    const insist = (found: Login | null): void => {
      if (isSameUser(user, found)) return;
      const detail = 'the session of the user for whom this was asked ended';
      throw new LetterlockError('session_unknown', { detail });
    };
    return deliver(
      call,
      { wire, attempts },
      {
        next: async () => {
          asks += 1;
          if (user !== null) insist(supply.login);
          const session = await supply.current(call.signal);
          // What nobody asked for yet may wait for a login that is under way.
          if (asks === 1) user ??= session.place.login;
          insist(session.place.login);
          return session;
        },
        lost: (session) => supply.drop(session),
      },
    );
  }

  private async enter(call: SealedCall): Promise<Record<string, unknown>> {
    const { supply } = this;
    return supply.inTurn(call.signal, async () => {
      // Recovery ends in the session in which it began.
      const open = () =>
        call.path === '/final_forgot_password' ? supply.open(call.signal) : supply.openForLogin(call.signal);
      const used: { session: Session | null } = { session: null };
      try {
        const answer = await deliver(call, this.options, {
          next: async () => (used.session ??= await open()),
          lost: (lost) => {
            supply.drop(lost);
            used.session = null;
          },
        });
        if (used.session !== null) supply.enter(used.session, readLogin(answer));
        return answer;
      } catch (error) {
        const certain = error instanceof LetterlockError && error.sealed;
        // Where two users may be meant, nobody knows now who is in it.
        if (!certain && used.session?.place.login) supply.drop(used.session);
        throw error;
      }
    });
  }

  private async logout(call: SealedCall): Promise<Record<string, unknown>> {
    const { supply } = this;
    return supply.inTurn(call.signal, async () => {
      const session = supply.existing;
      if (session !== null) {
        await deliver(call, this.options, {
          next: () => Promise.resolve(session),
          lost: (_lost, error) => {
            throw error;
          },
        }).catch((error: unknown) => {
          // It ended before: that is what was asked for.
          if (!(error instanceof LetterlockError && error.code === 'session_unknown')) throw error;
        });
      }
      supply.forget();
      return {};
    });
  }
}
