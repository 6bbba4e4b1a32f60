import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { sealAnonymousKey } from './anonymous-key.ts';
import { type Session, type SessionKey, idleMilliseconds } from './session.ts';
import type { SharedSessions } from './shared-sessions.ts';

/**
 * Tells the other nodes what happens to sessions here. A new key has to become known, or it is refused. What was
 * committed already may get lost on the way: the others then notice when they look at the store again.
 */
export class SessionNews {
  private readonly shared: SharedSessions;
  private readonly keys: AtRestKeys;
  private readonly clock: Clock;
  private readonly idle: number;
  private readonly logger: Logger;

  constructor(options: {
    shared: SharedSessions;
    keys: AtRestKeys;
    clock: Clock;
    /** Idle time of logged-in sessions, milliseconds. */
    idle: number;
    logger: Logger;
  }) {
    this.shared = options.shared;
    this.keys = options.keys;
    this.clock = options.clock;
    this.idle = options.idle;
    this.logger = options.logger;
  }

  /** A key was made; of a user's session before it is committed, so that it is good when its answer is. @throws Refusal `busy` */
  async opened(key: SessionKey): Promise<void> {
    const { session } = key;
    const { userId, endsAt } = session;
    await this.shared.open({
      id: key.id,
      anonymous: userId === null ? sealAnonymousKey(this.keys, key) : null,
      place: userId === null ? null : { userId, sessionId: session.id, endsAt },
      idle: idleMilliseconds(session, this.idle),
    });
  }

  async loggedIn(session: Session, userId: string, previousUserId: string | null): Promise<void> {
    const ids = session.keys.map(({ id }) => id);
    const place = { userId, sessionId: session.id, endsAt: session.endsAt };
    await this.afterCommit(
      this.shared.logIn(ids, place, { previousUserId, idle: this.idle, now: this.clock.now() }),
    );
  }

  async retired(key: SessionKey, retiresAt: number): Promise<void> {
    await this.afterCommit(this.shared.retire(key.id, retiresAt));
  }

  /** A session ended. @param keys those that are known here */
  async ended(sessionId: string, userId: string | null, keys: readonly SessionKey[]): Promise<void> {
    await this.afterCommit(
      Promise.all([
        keys.length === 0 ? null : this.shared.end(keys.map(({ id }) => id)),
        userId === null ? null : this.shared.endOfUser(userId, (id) => id === sessionId),
      ]),
    );
  }

  async endedOfUser(userId: string, exceptId: string | undefined): Promise<void> {
    await this.afterCommit(this.shared.endOfUser(userId, (id) => id !== exceptId));
  }

  /** The key is in use, though no request says so. */
  async usedWithoutNumber(key: SessionKey): Promise<void> {
    const idle = idleMilliseconds(key.session, this.idle);
    await this.afterCommit(this.shared.countSeals(key.id, { seals: 0, idle }));
  }

  private async afterCommit(telling: Promise<unknown>): Promise<void> {
    try {
      await telling;
    } catch (error) {
      if (!(error instanceof Refusal))
        this.logger.warn('telling other nodes about a session failed', { error });
    }
  }
}
