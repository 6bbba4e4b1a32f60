import assert from 'node:assert/strict';
import { type TestContext, after, describe, test } from 'node:test';
import type { RedisClientType } from '@redis/client';
import { redisAddress } from '../../../../src/shared-state/redis/address.ts';
import { RedisAway } from '../../../../src/shared-state/redis/redis-away.ts';
import type { Redis } from '../../../../src/shared-state/redis/redis.ts';
import { RedisSessions } from '../../../../src/shared-state/redis/sessions/redis-sessions.ts';
import { Subscriptions } from '../../../../src/shared-state/redis/subscriptions.ts';
import { systemClock, systemTimers } from '../../../../src/system-clock.ts';
import { PrivateCluster, until } from '../../../support/redis-cluster.ts';
import { connectRedis } from '../../../support/shared-redis.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { opened } from '../windows-contract.ts';

const cluster = await PrivateCluster.start();
after(() => cluster?.stop());
const once = { seals: 1, idle: 60_000 };

describe('a cluster that changes', { skip: cluster === null ? 'no redis-server to start' : false }, () => {
  if (cluster === null) return;

  test('loses nothing but windows where a slot moves while it is used', async (t) => {
    const redis = await connected(t);
    const sessions = new RedisSessions(redis, systemClock);
    const id = await opened(sessions);
    assert.equal((await sessions.accept(id, 1, once)).kind, 'accepted');
    const way = await cluster.around(redis.key('session', id));
    const counter = redis.key('counter', id);
    let counted = 0;
    let isMoving = true;
    const counting = Array.from({ length: 4 }, async () => {
      while (isMoving) {
        await redis.command(['INCR', counter]);
        counted += 1;
      }
    });
    const some = async (): Promise<void> => {
      const before = counted;
      await until(() => counted > before + 20);
    };
    await some();
    await cluster.beginMove(counter, way);
    await some();
    assert.equal((await sessions.accept(id, 1, once)).kind, 'replayed', 'it is there still');
    assert.equal(
      await redis.command(['SET', redis.key('other', id), 'x']),
      'OK',
      'a new key is put there already',
    );
    await cluster.moveKeys(counter, way);
    await some();
    assert.equal((await sessions.accept(id, 1, once)).kind, 'void');
    await cluster.endMove(counter, way);
    await some();
    isMoving = false;
    await Promise.all(counting);
    assert.equal(Number(await redis.command(['GET', counter])), counted);
    assert.equal(await redis.command(['GET', redis.key('other', id)]), 'x');
    assert.equal((await cluster.around(counter)).from, way.to);
    assert.equal((await sessions.accept(id, 2, once)).kind, 'void');
    // Where it comes back to the server that wrote it, it is as it was left.
    const back = { from: way.to, to: way.from };
    await cluster.beginMove(counter, back);
    await cluster.moveKeys(counter, back);
    await cluster.endMove(counter, back);
    assert.equal((await sessions.accept(id, 1, once)).kind, 'replayed');
  });

  test('is still heard where a channel moves to another server', async (t) => {
    const redis = await connected(t);
    const other = await connected(t);
    const channel = redis.key('channel', 'moving');
    const got: string[] = [];
    let again = 0;
    await redis.subscribe(channel, (message) => got.push(message.toString()));
    assert.equal(await other.publish(channel, 'before'), 1);
    redis.listen({ subscribedAgain: () => (again += 1) });
    const way = await cluster.around(channel);
    await cluster.beginMove(channel, way);
    await cluster.endMove(channel, way);
    await until(() => again > 0);
    assert.equal(await other.publish(channel, 'after'), 1);
    await until(() => got.length === 2);
    assert.deepEqual(got, ['before', 'after']);
    assert.equal(redis.isUp, true);
    await redis.unsubscribe(channel);
    assert.equal(await other.publish(channel, 'nobody'), 0);
  });

  test('is told from what it counts that a subscription ended unheard', async (t) => {
    const channel = 'channel:{unheard}';
    const { from } = await cluster.around(channel);
    const clients: RedisClientType[] = [];
    let again = 0;
    const subscriptions = new Subscriptions({
      makeClient: () => {
        const client = redisAddress(from.url).makeClient();
        clients.push(client);
        return client;
      },
      timers: systemTimers,
      logger: silentLogger,
      random: Math.random,
      onAgain: () => (again += 1),
      cluster: { groups: (channels) => [[...channels]], onMoved: () => {}, onDown: () => {} },
    });
    t.after(() => subscriptions.stop());
    await subscriptions.start();
    await subscriptions.add(channel, () => {});
    await subscriptions.compare();
    assert.equal(subscriptions.isUp, true);
    await until(() => again === 1);
    await clients[0]?.sUnsubscribe(channel);
    await subscriptions.compare();
    await until(() => again === 2);
    assert.equal(clients.length, 2);
    const count = (await from.ask('PUBSUB', 'SHARDNUMSUB', channel)) as unknown[];
    assert.equal(count[1], 1);
  });

  test('is no single server', async () => {
    const [node] = cluster.nodes;
    await assert.rejects(connectRedis(node?.url), /no Redis/);
  });

  test('refuses what a dead server had, and nothing else, until it is back', async (t) => {
    const redis = await connected(t);
    const sessions = new RedisSessions(redis, systemClock);
    const [dying, living] = await onTwoServers(redis, cluster);
    const channel = redis.key('channel', dying.subject);
    const got: string[] = [];
    await redis.subscribe(channel, (message) => got.push(message.toString()));
    const events: string[] = [];
    redis.listen({
      lost: () => events.push('lost'),
      back: () => events.push('back'),
      subscribedAgain: () => events.push('again'),
    });
    for (const { subject } of [dying, living]) {
      await sessions.open({ id: subject, anonymous: null, place: null, idle: 60_000 });
      assert.equal((await sessions.accept(subject, 1, once)).kind, 'accepted');
    }
    const before = redis.epoch ?? '';
    await dying.server.kill();
    await until(() => events.includes('lost'));
    assert.equal(redis.isUp, false);
    assert.equal(redis.epoch, null);
    await assert.rejects(redis.check(), RedisAway);
    await assert.rejects(
      redis.command(['GET', redis.key('session', dying.subject)], 50),
      (error) => error instanceof RedisAway && error.code === 'busy',
    );
    assert.equal((await sessions.accept(living.subject, 2, once)).kind, 'accepted');
    await dying.server.run();
    await until(() => redis.isUp && events.includes('again'));
    assert.ok(events.includes('back'));
    await until(async () => (await redis.publish(channel, 'back', 1_000)) === 1);
    await until(() => got.length > 0);
    // A primary that was started again refuses everything for two seconds.
    await until(() =>
      redis.command(['GET', redis.key('nothing', dying.subject)]).then(
        () => true,
        () => false,
      ),
    );
    const changed = (redis.epoch ?? '').split(',').filter((each) => !before.includes(each));
    assert.equal(changed.length, 1, 'one epoch of three');
    assert.equal((await sessions.accept(dying.subject, 1, once)).kind, 'void');
    assert.equal((await sessions.accept(living.subject, 2, once)).kind, 'replayed');
    await redis.check();
  });

  test('goes on with the replica that takes the place of a dead server', async (t) => {
    const redis = await connected(t);
    const sessions = new RedisSessions(redis, systemClock);
    const [dying, living] = await onTwoServers(redis, cluster);
    const channel = redis.key('channel', dying.subject);
    const got: string[] = [];
    await redis.subscribe(channel, (message) => got.push(message.toString()));
    for (const { subject } of [dying, living]) {
      await sessions.open({ id: subject, anonymous: null, place: null, idle: 60_000 });
      assert.equal((await sessions.accept(subject, 1, once)).kind, 'accepted');
    }
    const replica = await cluster.addReplica(dying.server);
    const events: string[] = [];
    redis.listen({ subscribedAgain: () => events.push('again') });
    await dying.server.kill();
    await replica.ask('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await until(() => redis.isUp && events.includes('again'));
    assert.equal(
      await redis.command(['EXISTS', redis.key('session', dying.subject)]),
      1,
      'it has the old window',
    );
    assert.equal((await sessions.accept(dying.subject, 1, once)).kind, 'void');
    assert.equal((await sessions.accept(living.subject, 1, once)).kind, 'replayed');
    await until(async () => (await redis.publish(channel, 'over there', 1_000)) === 1);
    await until(() => got.length > 0);
  });
});

async function connected(t: TestContext): Promise<Redis> {
  const redis = await connectRedis(cluster?.url);
  t.after(() => redis.stop());
  return redis;
}

/** Subjects that lie on different servers. */
async function onTwoServers(redis: Redis, cluster: PrivateCluster) {
  const [first, ...others] = await Promise.all(
    Array.from({ length: 40 }, async (_, at) => ({
      subject: `subject-${at}`,
      server: (await cluster.around(redis.key('session', `subject-${at}`))).from,
    })),
  );
  const second = others.find(({ server }) => server !== first?.server);
  assert.ok(first !== undefined && second !== undefined);
  return [first, second] as const;
}
