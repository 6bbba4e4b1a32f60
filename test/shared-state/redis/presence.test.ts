import { testRedisUrl, withoutRedis } from '../../support/shared-redis.ts';
import { presenceContract } from '../presence-contract.ts';
import { presenceInRedis } from './presence-in-redis.ts';

presenceContract('in Redis', withoutRedis, (t) =>
  presenceInRedis(t, testRedisUrl, async (connection, args) => [await connection.command(args)]),
);
