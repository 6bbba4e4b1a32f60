import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { RedisSessions } from '../../../src/shared-state/redis/sessions/redis-sessions.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { PrivateRedis } from '../../support/redis-server.ts';
import { connectRedis, withoutRedis } from '../../support/shared-redis.ts';
import { opened, windowsContract } from './windows-contract.ts';

const idle = 60_000;

windowsContract('in Redis', withoutRedis, () => connectRedis());

describe('replay windows in a Redis that loses what it knew', { skip: withoutRedis }, async () => {
  const server = withoutRedis === false ? await PrivateRedis.start() : null;
  after(() => server?.stop());
  if (server === null) {
    test('it can be started here', { skip: 'no redis-server to start' }, () => {});
    return;
  }
  const prefix = 'll-windows:';

  test('are void after it was flushed', async (t) => {
    const redis = await connectRedis(server.url, prefix);
    t.after(() => redis.stop());
    const sessions = new RedisSessions(redis, systemClock);
    const id = await opened(sessions);
    assert.equal((await sessions.accept(id, 1, { seals: 1, idle })).kind, 'accepted');
    await server.ask('FLUSHALL');
    assert.equal((await sessions.accept(id, 1, { seals: 1, idle })).kind, 'void');
    assert.equal((await sessions.accept(id, 2, { seals: 1, idle })).kind, 'void');
  });

  test('are void when an older state of it comes back', async () => {
    const before = await connectRedis(server.url, prefix);
    const id = await opened(new RedisSessions(before, systemClock));
    await server.ask('SAVE');
    const used = await new RedisSessions(before, systemClock).accept(id, 1, { seals: 1, idle });
    assert.equal(used.kind, 'accepted');
    await server.kill();
    before.stop();
    await server.run();
    const again = await connectRedis(server.url, prefix);
    try {
      assert.equal(await again.command(['EXISTS', again.key('session', id)]), 1, 'the old window is back');
      assert.equal(
        (await new RedisSessions(again, systemClock).accept(id, 1, { seals: 1, idle })).kind,
        'void',
      );
      assert.equal(await new RedisSessions(again, systemClock).read(id), null);
    } finally {
      again.stop();
    }
  });
});
