import type { GuessBlock, GuessBlocks } from '../../core/limits/guess-blocks.ts';
import type { Redis } from './redis.ts';
import { RedisAway } from './redis-away.ts';

/** Who has to wait before the next guess, for all nodes: each block expires when it is over. Fails open, to the store. */
export class RedisGuessBlocks implements GuessBlocks {
  private readonly redis: Redis;

  constructor(redis: Redis) {
    this.redis = redis;
  }

  async waitFor(subjects: readonly string[], now: number): Promise<number> {
    const found = await this.unlessAway(
      Promise.all(subjects.map((each) => this.redis.command(['GET', this.key(each)], 0))),
    );
    return Math.max(0, ...(found ?? []).map((until) => Number(until ?? 0) - now));
  }

  remember(blocks: readonly GuessBlock[], now: number): void {
    for (const { subject, blockedUntil } of blocks) {
      const rest = blockedUntil - now;
      if (rest <= 0) continue;
      void this.unlessAway(
        this.redis.command(['SET', this.key(subject), String(blockedUntil), 'PX', String(rest)], 0),
      );
    }
  }

  async forget(subjects: readonly string[]): Promise<void> {
    await this.unlessAway(
      Promise.all(subjects.map((each) => this.redis.command(['DEL', this.key(each)], 0))),
    );
  }

  private key(subject: string): string {
    return this.redis.key('guesses', subject);
  }

  private async unlessAway<Reply>(asking: Promise<Reply>): Promise<Reply | null> {
    try {
      return await asking;
    } catch (error) {
      if (error instanceof RedisAway) return null;
      throw error;
    }
  }
}
