import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Scene, ada, withClient } from './connected.ts';
import { Following, numbersTo } from './following.ts';
import type { ServerStream } from './protocol-events.ts';
import { eventOf } from './protocol-rooms.ts';

/** Runs a test with somebody who follows the events of a client, once they are connected. */
async function withFollowing(
  run: (scene: Scene & { following: Following; stream: ServerStream }) => Promise<void>,
): Promise<void> {
  await withClient({}, async (scene) => {
    await scene.client.register(ada);
    scene.server.rooms.room('hall');
    const following = new Following(scene.client);
    await following.until('connected');
    await run({ ...scene, following, stream: await scene.server.stream(0) });
    await following.end();
  });
}

const typing = (username: string) => ({ kind: 'typing', room: 'hall', username, typing: true });

describe('a stream of events', { concurrency: true }, () => {
  test('may be cut at any byte: what was in it comes exactly once', async () => {
    await withFollowing(async ({ server, following }) => {
      const length = server.streams[0]!.block(eventOf(server.rooms.say('hall', 'x', true))).length;
      server.streams[0]!.end();
      await following.message('hall', 1);
      for (let cut = 0; cut <= length; cut++) {
        const stream = await server.stream(cut + 1);
        await following.until('connected');
        const block = stream.block(eventOf(server.rooms.say('hall', 'x', true)));
        stream.end(block.slice(0, cut));
        await following.message('hall', cut + 2);
      }
      assert.deepEqual(following.ledger('hall'), numbersTo(length + 2));
    });
  });

  test('may come in single bytes', async () => {
    await withFollowing(async ({ server, following, stream }) => {
      const block = stream.block(eventOf(server.rooms.say('hall', 'slow', true)));
      for (const byte of Buffer.from(block)) {
        stream.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal((await following.message('hall', 1)).message, 'slow');
      assert.equal(server.streams.length, 1);
    });
  });

  const misdeeds: Record<string, (stream: ServerStream) => string> = {
    'one is left out': (stream) => {
      stream.block(typing('lost'));
      return stream.block(typing('mallory'));
    },
    'one comes twice': (stream) => {
      const once = stream.block(typing('bert'));
      return once + once;
    },
    'one comes again later': (stream) => {
      const early = stream.block(typing('bert'));
      return early + stream.block(typing('bert')) + early;
    },
    'one is sealed under another key': (stream) =>
      stream.block(typing('mallory'), {}, { enc: 'A256GCM', key: randomBytes(32) }),
    'one belongs to another stream': (stream) => stream.block(typing('mallory'), { re: 999 }),
    'one has a number of its own': (stream) => stream.block(typing('mallory'), { n: 0 }),
    'one is an answer and no event': (stream) =>
      stream.block(typing('mallory'), { n: undefined, status: 200 }),
    'one names another encryption': (stream) => stream.block(typing('mallory'), { enc: 'A256CBC-HS512' }),
    'one is no JWE': () => 'data: hello\n\n',
    'one is in the clear': () => `data: ${JSON.stringify(typing('mallory'))}\n\n`,
    'one holds no object': (stream) => stream.block('mallory' as unknown as object),
    'a line has no end': () => `data: ${'x'.repeat(1024 * 1024)}`,
  };
  for (const [what, misdeed] of Object.entries(misdeeds)) {
    test(`ends when ${what}, and nothing of it is handed out`, async () => {
      await withFollowing(async ({ server, following, stream }) => {
        server.rooms.say('hall', 'before');
        const unheard = server.rooms.say('hall', 'after', true);
        stream.write(misdeed(stream) + stream.block(eventOf(unheard)));
        await following.message('hall', 2);
        await following.until('connected');
        await stream.closed;
        server.rooms.say('hall', 'later');
        await following.message('hall', 3);
        assert.deepEqual(following.ledger('hall'), numbersTo(3));
        const names = following.seen.flatMap((event) => (event.kind === 'typing' ? [event.username] : []));
        assert.ok(!names.includes('mallory') && names.filter((name) => name === 'bert').length <= 2);
        assert.equal(server.streams.length, 2);
      });
    });
  }
});
