import { randomBytes } from 'node:crypto';
import { readRedis } from '../../src/config-redis.ts';
import { makeRedis } from '../../src/shared-state/redis/open.ts';
import type { Redis } from '../../src/shared-state/redis/redis.ts';
import { systemTimers } from '../../src/system-clock.ts';
import { missing } from './required-services.ts';
import { silentLogger } from './silent-logger.ts';

/** The Redis that tests share. */
export const testRedisUrl = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** Keys of which nobody else knows, so that tests may run side by side. */
export function freshPrefix(): string {
  return `ll-test-${randomBytes(9).toString('hex')}:`;
}

/** A connection that is up, to one server or a cluster. @throws when there is no Redis */
export async function connectRedis(url = testRedisUrl, prefix = freshPrefix()): Promise<Redis> {
  const place = readRedis(url);
  if (typeof place === 'string') throw new Error(`the URL ${place}`);
  const connection = makeRedis(place, { timers: systemTimers, logger: silentLogger, prefix });
  await connection.start();
  if (connection.isUp) return connection;
  connection.stop();
  throw new Error(`no Redis at ${url}`);
}

/** Why tests that need Redis are skipped, or false. */
export const withoutRedis: string | false = await connectRedis().then(
  (connection) => {
    connection.stop();
    return false;
  },
  () => missing(`there is no Redis at ${testRedisUrl}: set TEST_REDIS_URL`),
);
