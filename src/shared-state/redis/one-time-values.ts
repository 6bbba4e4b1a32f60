import type { OneTimeValues } from '../../core/nodes/one-time-values.ts';
import type { Redis } from './redis.ts';
import { epochScript } from './script.ts';

/** ARGV: the value, milliseconds. */
const putScript = epochScript(`
redis.call('HSET', KEYS[1], 'e', epoch, 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`);

/** @returns the value; nothing where it was taken, or is of another epoch: it may have been taken in that one */
const takeScript = epochScript(`
local k = redis.call('HMGET', KEYS[1], 'e', 'v')
redis.call('DEL', KEYS[1])
if k[1] ~= epoch then return false end
return k[2]`);

/** Values that are given out once, in Redis. They fail shut: while it is away, nobody gets any. */
export class RedisOneTimeValues implements OneTimeValues {
  private readonly redis: Redis;

  constructor(redis: Redis) {
    this.redis = redis;
  }

  async put(name: string, value: Buffer, milliseconds: number): Promise<void> {
    const args = [value.toString('base64'), String(Math.max(1, Math.ceil(milliseconds)))];
    await this.redis.runInEpoch(putScript, [this.key(name)], args);
  }

  async take(name: string): Promise<Buffer | null> {
    const value = await this.redis.runInEpoch(takeScript, [this.key(name)], []);
    return value === null ? null : Buffer.from(value as string, 'base64');
  }

  private key(name: string): string {
    return this.redis.key('once', name);
  }
}
