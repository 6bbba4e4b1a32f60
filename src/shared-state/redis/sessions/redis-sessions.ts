import type { Clock } from '../../../core/clock.ts';
import { maxSeals } from '../../../core/sessions/session.ts';
import type {
  Acceptance,
  SessionPlace,
  SharedKey,
  SharedSessions,
} from '../../../core/sessions/shared-sessions.ts';
import type { Redis } from '../redis.ts';
import { acceptScript, logInScript, openScript, readScript, retireScript, sealsScript } from './scripts.ts';

/**
 * What nodes share about sessions, in Redis: a hash for each key, and for each user the keys of their sessions, so that
 * whoever ends them finds them all.
 */
export class RedisSessions implements SharedSessions {
  private readonly redis: Redis;
  private readonly clock: Clock;

  constructor(redis: Redis, clock: Clock) {
    this.redis = redis;
    this.clock = clock;
  }

  async open({ id, anonymous, place, idle }: Parameters<SharedSessions['open']>[0]): Promise<void> {
    const sealed = anonymous === null ? [] : [anonymous.toString('base64')];
    await Promise.all([
      this.redis.runInEpoch(openScript, [this.key(id)], [String(idle), this.now(), ...sealed]),
      place === null ? null : this.note([id], place),
    ]);
  }

  async read(keyId: string): Promise<SharedKey | null> {
    const reply = await this.redis.runInEpoch(readScript, [this.key(keyId)], []);
    if (reply === null) return null;
    const [version, anonymous, retiresAt] = reply as [number, string | null, string | null];
    return {
      version,
      anonymous: anonymous === null ? null : Buffer.from(anonymous, 'base64'),
      retiresAt: retiresAt === null ? null : Number(retiresAt),
    };
  }

  async accept(keyId: string, seq: number, options: { seals: number; idle: number }): Promise<Acceptance> {
    const reply = await this.redis.runInEpoch(
      acceptScript,
      [this.key(keyId)],
      [String(seq), String(options.seals), String(maxSeals), String(options.idle), this.now()],
    );
    if (reply === null) return { kind: 'void' };
    const [accepted, version, highest, seals] = reply as [number, number, string, number];
    return { kind: accepted === 1 ? 'accepted' : 'replayed', version, highest: Number(highest), seals };
  }

  async countSeals(keyId: string, { seals, idle }: { seals: number; idle: number }): Promise<boolean> {
    const args = [String(seals), String(maxSeals), String(idle), this.now()];
    return (await this.redis.runInEpoch(sealsScript, [this.key(keyId)], args)) !== null;
  }

  async logIn(
    keyIds: readonly string[],
    place: SessionPlace,
    { previousUserId, idle, now }: { previousUserId: string | null; idle: number; now: number },
  ): Promise<void> {
    const members = keyIds.map((id) => member(place.sessionId, id));
    await Promise.all([
      ...keyIds.map((id) => this.redis.runInEpoch(logInScript, [this.key(id)], [String(idle), String(now)])),
      this.note(keyIds, place),
      this.redis.command(['ZREMRANGEBYSCORE', this.userKey(place.userId), '-inf', String(now)]),
      previousUserId === null || previousUserId === place.userId
        ? null
        : this.redis.command(['ZREM', this.userKey(previousUserId), ...members]),
    ]);
  }

  async retire(keyId: string, retiresAt: number): Promise<void> {
    await this.redis.runInEpoch(retireScript, [this.key(keyId)], [String(retiresAt)]);
  }

  async end(keyIds: readonly string[]): Promise<void> {
    await Promise.all(keyIds.map((id) => this.redis.command(['DEL', this.key(id)])));
  }

  async endOfUser(userId: string, chosen: (sessionId: string) => boolean): Promise<void> {
    const userKey = this.userKey(userId);
    const members = (await this.redis.command(['ZRANGE', userKey, '0', '-1'])) as string[];
    const ended = members.filter((each) => chosen(each.slice(0, each.indexOf('/'))));
    if (ended.length === 0) return;
    await Promise.all([
      this.end(ended.map((each) => each.slice(each.indexOf('/') + 1))),
      this.redis.command(['ZREM', userKey, ...ended]),
    ]);
  }

  private async note(keyIds: readonly string[], { userId, sessionId, endsAt }: SessionPlace): Promise<void> {
    const userKey = this.userKey(userId);
    const scored = keyIds.flatMap((id) => [String(endsAt), member(sessionId, id)]);
    await Promise.all([
      this.redis.command(['ZADD', userKey, ...scored]),
      this.redis.command(['PEXPIREAT', userKey, String(endsAt), 'GT']),
      this.redis.command(['PEXPIREAT', userKey, String(endsAt), 'NX']),
    ]);
  }

  private now(): string {
    return String(this.clock.now());
  }

  private key(keyId: string): string {
    return this.redis.key('session', keyId);
  }

  private userKey(userId: string): string {
    return this.redis.key('sessions-of', userId);
  }
}

/** Ids are base64url, so the sign is in none of them. */
function member(sessionId: string, keyId: string): string {
  return `${sessionId}/${keyId}`;
}
