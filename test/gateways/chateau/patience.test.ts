import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tooSlow } from '../../support/across-nodes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { ChateauClient, clientFrame, connected } from './chateau-client.ts';

async function withServer(
  run: (server: TestServer, url: string, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' }, { clock, timers: clock });
  try {
    await run(server, server.gatewayUrls['chateau']!, clock);
  } finally {
    await server.end();
  }
}

describe('how long the chateau gateway waits', () => {
  test('a connection on which nothing is asked is closed after 30 s', () =>
    withServer(async (_server, url, clock) => {
      const socket = await connected(url);
      const client = await ChateauClient.open(url);
      const gone = new Promise((resolve) => socket.once('close', resolve));
      clock.advance(29_000);
      await client.quiet();
      assert.equal(socket.closed, false);
      clock.advance(1_500);
      await gone;
      assert.equal((await client.closed).code, 1006);
    }));

  test('who has registered is pinged, and closed when nothing comes back', () =>
    withServer(async (_server, url, clock) => {
      const silent = await ChateauClient.registered(url, 'silent');
      const alive = await ChateauClient.registered(url, 'alive');
      for (let at = 0; at < 31; at++) clock.advance(1_000);
      await silent.pinged(1);
      await alive.pinged(1);
      alive.socket.write(clientFrame(Buffer.alloc(0), 0xa));
      await alive.quiet();
      for (let at = 0; at < 31; at++) clock.advance(1_000);
      assert.equal((await silent.closed).code, 1006);
      await alive.quiet();
      alive.close();
    }));

  test('who says nothing for an hour is closed, though they answer pings', () =>
    withServer(async (_server, url, clock) => {
      const idle = await ChateauClient.registered(url, 'idle');
      const talker = await ChateauClient.registered(url, 'talker');
      for (let passed = 0; passed <= 3_600; passed += 50) {
        clock.advance(50_000);
        talker.sendText('keep alive');
        await talker.quiet();
        if (passed >= 3_550) continue;
        const { pongs } = idle;
        // Once its ping is answered, the server has heard its pong too.
        idle.socket.write(
          Buffer.concat([clientFrame(Buffer.alloc(0), 0xa), clientFrame(Buffer.alloc(0), 0x9)]),
        );
        await until(async () => (idle.pongs > pongs ? true : undefined), 'a pong');
      }
      assert.equal((await idle.closed).code, 1001);
      talker.close();
    }));
});

describe('who does not read', () => {
  test('is cut off once more than 1 MiB waits, and nobody waits for them', async () => {
    const server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    try {
      const url = server.gatewayUrls['chateau']!;
      const sender = await ChateauClient.registered(url, 'sender');
      const deaf = await ChateauClient.registered(url, 'deaf');
      const listener = await ChateauClient.registered(url, 'listener');
      const group = { type: 'GroupMessageInitRequest', recipients: ['deaf', 'listener'], chatname: 'all' };
      await sender.ask(group);
      await listener.next();
      deaf.socket.pause();
      const message = { type: 'GroupMessageRequest', recipient: 'all', content: 'x'.repeat(60_000) };
      for (let at = 0; tooSlow(server, 'chateau') === 0; at++) {
        assert.ok(at < 2_000, 'it is cut off');
        assert.equal(await sender.ask(message), '{"type":"MessageSendResponse","status":200}');
        await listener.next();
      }
      deaf.socket.resume();
      await deaf.closed;
      await listener.quiet();
      sender.close();
      listener.close();
    } finally {
      await server.end();
    }
  });

  test('and floods with pings is cut off too', async () => {
    const server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    try {
      const deaf = await ChateauClient.registered(server.gatewayUrls['chateau']!, 'deaf');
      deaf.socket.pause();
      const pings = Buffer.concat(
        Array.from({ length: 1_000 }, () => clientFrame(Buffer.alloc(125, 1), 0x9)),
      );
      let isGone = false;
      void deaf.closed.then(() => (isGone = true));
      for (let at = 0; at < 500 && !isGone; at++) {
        await new Promise((resolve) => deaf.socket.write(pings, resolve));
        if (tooSlow(server, 'chateau') > 0) break;
      }
      assert.equal(tooSlow(server, 'chateau'), 1);
      deaf.socket.destroy();
    } finally {
      await server.end();
    }
  });
});
