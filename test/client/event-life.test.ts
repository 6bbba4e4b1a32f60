import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LetterlockError } from '../../src/client/index.ts';
import { ada, bert, loginOf, problemBody, withClient, withCode } from './connected.ts';
import { Following, numbersTo } from './following.ts';
import { problem } from './protocol-accounts.ts';

describe('following events', { concurrency: true }, () => {
  test('goes on at once after a break, then waits longer and longer, and forgets that after a good while', async () => {
    await withClient({}, async ({ server, client, pauses, clock }) => {
      await client.register(ada);
      const following = new Following(client);
      await following.until('connected');
      const breakAndWatch = async (): Promise<number[]> => {
        pauses.length = 0;
        server.streams.at(-1)!.cut();
        await following.until('connected');
        return [...pauses];
      };
      assert.deepEqual(await breakAndWatch(), []);
      assert.deepEqual(await breakAndWatch(), [500]);
      assert.deepEqual(await breakAndWatch(), [1000]);
      for (let at = 0; at < 10; at++) await breakAndWatch();
      assert.deepEqual(await breakAndWatch(), [15_000], 'half of the longest');
      clock.now += 60_000;
      assert.deepEqual(await breakAndWatch(), []);
      assert.ok(!following.seen.some(({ kind }) => kind === 'disconnected'));
      await following.end();
    });
  });

  test('says once that the server is away, and when it is back', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client);
      await following.until('connected');
      const away = { clear: problemBody('busy'), status: 503, headers: { 'Retry-After': '3' } };
      server.misbehave('/events', 'drop', 'drop', away, away, 'drop', 'drop', 'drop', 'drop');
      server.streams[0]!.cut();
      const { error } = await following.until('disconnected');
      assert.equal(error.code, 'unreachable');
      server.rooms.say('hall', 'unheard');
      await following.message('hall', 1);
      await following.until('connected');
      const told = following.seen.map(({ kind }) => kind);
      assert.deepEqual(told, ['connected', 'disconnected', 'message', 'connected']);
      await following.end();
    });
  });

  test('goes on after a shutdown, which it passes on', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      const following = new Following(client);
      await following.until('connected');
      const [stream] = server.streams;
      stream!.end(stream!.block({ kind: 'shutdown', reason: 'the server stops' }));
      assert.equal((await following.until('shutdown')).reason, 'the server stops');
      await following.until('connected');
      await following.end();
    });
  });

  test('comes back when it was told to, so that not all come at once', async () => {
    await withClient({}, async ({ server, client, pauses }) => {
      await client.register(ada);
      const following = new Following(client);
      await following.until('connected');
      pauses.length = 0;
      const [stream] = server.streams;
      stream!.end(`${stream!.block({ kind: 'shutdown', reason: 'the server stops' })}retry: 4200\n\n`);
      await following.until('connected');
      assert.deepEqual(pauses, [4200]);
      server.streams.at(-1)!.write('retry: soon\n\n');
      server.streams.at(-1)!.end();
      await following.until('connected');
      assert.deepEqual(pauses, [4200, 500], 'once');
      await following.end();
    });
  });

  test('goes on under another key, and in another session', async () => {
    await withClient({ credentials: () => loginOf(ada) }, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client);
      await following.until('connected');
      await client.rotate();
      server.rooms.say('hall', 'under the old key');
      await following.message('hall', 1);
      server.streams[0]!.end();
      server.rooms.say('hall', 'between', true);
      await following.message('hall', 2);
      server.forgetSessions();
      (await server.stream(1)).cut();
      server.rooms.say('hall', 'in no session', true);
      await following.message('hall', 3);
      await following.until('connected');
      server.rooms.say('hall', 'live');
      await following.message('hall', 4);
      assert.deepEqual(following.ledger('hall'), numbersTo(4));
      assert.equal(server.count('/login_user'), 1);
      assert.equal(
        server.log.findLast(({ path }) => path === '/events')?.userId,
        server.users.get('ada')?.id,
      );
      await following.end();
    });
  });

  test('asks for a new key by itself, though there is no other request', async () => {
    await withClient({}, async ({ server, client, clock }) => {
      await client.register(ada);
      const following = new Following(client);
      await following.until('connected');
      clock.now += 11 * 60_000;
      const arrived = server.arrival('/rotate_session_key');
      server.streams[0]!.write(': \n\n');
      server.streams[0]!.send({ kind: 'presence', username: 'bert', online: true });
      await following.until('presence');
      await arrived;
      await following.end();
    });
  });

  test('ends when the user cannot be logged in again, or is another', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      const following = new Following(client);
      await following.until('connected');
      server.forgetSessions();
      server.streams[0]!.cut();
      await assert.rejects(following.iterator.next(), withCode('session_unknown'));
      assert.deepEqual(await following.iterator.next(), { done: true, value: undefined });
      await client.register(bert);
      const next = new Following(client);
      await next.until('connected');
      await client.login(loginOf(ada));
      server.streams[1]!.cut();
      await assert.rejects(next.iterator.next(), withCode('session_unknown'));
      assert.equal(server.streams.length, 2);
    });
  });

  const until = '2027-01-01T00:00:00.000Z';
  for (const kind of ['kicked', 'banned'] as const) {
    test(`ends when the user is ${kind}, and says why and until when`, async () => {
      await withClient({}, async ({ server, client }) => {
        await client.register(ada);
        const isToldWhy = (error: unknown): boolean => {
          assert.ok(error instanceof LetterlockError);
          assert.deepEqual(
            [error.code, error.reason, error.until, error.sealed],
            [kind, 'spam', until, true],
          );
          return true;
        };
        const following = new Following(client);
        await following.until('connected');
        server.streams[0]!.send({ kind, reason: 'spam', until });
        await assert.rejects(following.iterator.next(), isToldWhy);
        await server.streams[0]!.closed;
        server.rooms.refusal = problem(403, kind, { reason: 'spam', until });
        await assert.rejects(new Following(client).iterator.next(), isToldWhy);
        assert.equal(server.count('/events'), 2);
      });
    });
  }

  test('ends with what trying again does not change, and tries again after what may pass', async () => {
    await withClient({}, async ({ server, client }) => {
      await assert.rejects(client.events().next(), withCode('not_logged_in'));
      await client.register(ada);
      server.misbehave('/events', 'forge', { clear: problemBody('banned'), status: 403 });
      server.misbehave('/list_rooms', 'forge');
      const following = new Following(client);
      server.rooms.refusal = problem(500, 'internal');
      const disconnected = await following.until('disconnected');
      assert.equal(disconnected.error.code, 'answer_rejected');
      server.rooms.refusal = null;
      await following.until('connected');
      server.rooms.refusal = problem(403, 'room_unknown');
      server.streams.at(-1)!.cut();
      await assert.rejects(following.iterator.next(), withCode('room_unknown'));
    });
  });

  test('takes a stream that makes no sign for a broken one', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client, { silenceMilliseconds: 50 });
      await following.until('connected');
      server.rooms.say('hall', 'unheard', true);
      await following.message('hall', 1);
      await server.streams[0]!.closed;
      await following.end();
    });
  });
});
