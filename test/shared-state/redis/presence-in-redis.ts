import type { TestContext } from 'node:test';
import { RedisLeases } from '../../../src/shared-state/redis/leases.ts';
import { RedisPresence } from '../../../src/shared-state/redis/presence.ts';
import type { Redis } from '../../../src/shared-state/redis/redis.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { connectRedis, freshPrefix } from '../../support/shared-redis.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import type { PresenceUnderTest } from '../presence-contract.ts';

/**
 * Presence and leases of two nodes. The server's own clock cannot be moved: what hangs on it is moved into the past.
 *
 * @param askEach asks every server that has some of the keys
 */
export async function presenceInRedis(
  t: TestContext,
  url: string,
  askEach: (connection: Redis, args: string[]) => Promise<unknown[]>,
): Promise<PresenceUnderTest> {
  const prefix = freshPrefix();
  const connection = await connectRedis(url, prefix);
  const keys = async (pattern: string): Promise<string[]> => {
    const answers = await askEach(connection, ['KEYS', `${prefix}${pattern}`]);
    return (answers as string[][]).flat();
  };
  const forget = async (): Promise<void> => {
    for (const key of await keys('*')) await connection.command(['DEL', key]);
  };
  t.after(async () => {
    await forget();
    connection.stop();
  });
  const clock = new ManualClock();
  const hour = 3_600_000;
  const node = (id: string) => ({
    id,
    presence: new RedisPresence(connection, id, clock, { life: hour, returnTime: hour }),
    leases: new RedisLeases(connection, { nodeId: id, clock, logger: silentLogger }),
  });
  const age = async (milliseconds: number): Promise<void> => {
    for (const key of await keys('nodes:*')) {
      for (const id of ['a', 'b']) await connection.command(['ZINCRBY', key, String(-milliseconds), id]);
    }
  };
  return {
    a: node('a'),
    b: node('b'),
    outliveNodes: () => age(hour + 1_000),
    outliveReturn: () => age(hour),
    outliveLeases: async () => {
      for (const key of await keys('lease:*')) await connection.command(['DEL', key]);
    },
    forget,
  };
}
