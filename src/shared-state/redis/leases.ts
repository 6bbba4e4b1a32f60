import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { type Leases, leaseMilliseconds } from '../../core/nodes/shared-presence.ts';
import type { Redis } from './redis.ts';
import { redisScript } from './script.ts';

const takeScript = redisScript(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`);

const releaseScript = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/** Names that one node at a time has, in Redis. They fail open: while it is away, everybody gets what they ask for. */
export class RedisLeases implements Leases {
  private readonly connection: Redis;
  private readonly parts: { readonly nodeId: string; readonly clock: Clock; readonly logger: Logger };
  /** Names of this node, and until when it wants each. */
  private readonly own = new Map<string, number | null>();

  constructor(connection: Redis, parts: RedisLeases['parts']) {
    this.connection = connection;
    this.parts = parts;
  }

  async take(name: string, until: number | null): Promise<boolean> {
    try {
      if (!(await this.ask(name, until))) return false;
    } catch (error) {
      this.parts.logger.warn('a name is taken without asking the other nodes', { error });
    }
    this.own.set(name, until);
    return true;
  }

  async release(name: string): Promise<void> {
    this.own.delete(name);
    // One that is not given back runs out.
    await this.connection
      .run(releaseScript, [this.keyOf(name)], [this.parts.nodeId])
      .catch((error: unknown) => this.parts.logger.warn('a name was not given back', { error }));
  }

  async beat(): Promise<void> {
    const now = this.parts.clock.now();
    const renewals: Promise<unknown>[] = [];
    for (const [name, until] of this.own) {
      if (until !== null && until <= now) this.own.delete(name);
      else renewals.push(this.ask(name, until));
    }
    await Promise.all(renewals);
  }

  private async ask(name: string, until: number | null): Promise<boolean> {
    const left = until === null ? leaseMilliseconds : until - this.parts.clock.now();
    const milliseconds = String(Math.max(1, Math.min(leaseMilliseconds, left)));
    const answer = await this.connection.run(
      takeScript,
      [this.keyOf(name)],
      [this.parts.nodeId, milliseconds],
    );
    return answer === 1;
  }

  private keyOf(name: string): string {
    return this.connection.key('lease', name);
  }
}
