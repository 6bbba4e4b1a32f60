import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { MemoryRateLimiter } from '../../../../src/shared-state/memory-rate-limiter.ts';
import { RedisRateLimiter } from '../../../../src/shared-state/redis/rate-limiter.ts';
import { PrivateCluster } from '../../../support/redis-cluster.ts';
import { connectRedis } from '../../../support/shared-redis.ts';
import { presenceContract } from '../../presence-contract.ts';
import { rateLimiterContract } from '../../rate-limiter-contract.ts';
import { nodesContract } from '../nodes-contract.ts';
import { presenceInRedis } from '../presence-in-redis.ts';
import { windowsContract } from '../windows-contract.ts';

const cluster = await PrivateCluster.start();
after(() => cluster?.stop());
const skip = cluster === null ? 'no redis-server to start' : false;
const url = (): string => cluster?.url ?? '';
const askEach = (_connection: unknown, args: string[]): Promise<unknown[]> =>
  Promise.all((cluster?.nodes ?? []).map((node) => node.ask(...args)));

windowsContract('in a cluster', skip, () => connectRedis(url()));
rateLimiterContract('in a cluster', skip, async () => {
  const redis = await connectRedis(url());
  return { limiter: new RedisRateLimiter(redis, new MemoryRateLimiter()), end: () => redis.stop() };
});
presenceContract('in a cluster', skip, (t) => presenceInRedis(t, url(), askEach));
nodesContract('a cluster', skip, { url, askEach });

describe('what was kept in a cluster', { skip }, () => {
  test('lies on all of its servers', async () => {
    const keys = (await askEach(null, ['DBSIZE'])) as number[];
    assert.ok(
      keys.every((count) => count > 10),
      `keys of each: ${keys.join(', ')}`,
    );
  });
});
