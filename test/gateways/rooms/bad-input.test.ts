import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { atNextAttach, connectionsOf } from '../../support/across-nodes.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

const mebibyte = 1024 * 1024;

describe('bad input to the rooms gateway', () => {
  let server: TestServer;
  let url: string;
  let witness: RoomsClient;
  before(async () => {
    server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    url = server.gatewayUrls['rooms']!;
    witness = await RoomsClient.signedUp(url, 'witness');
  });
  after(async () => {
    await witness.settled();
    await server.end();
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });

  async function signedUp(): Promise<RoomsClient> {
    return RoomsClient.signedUp(url, `user${++users}`);
  }
  let users = 0;

  const tlsHello = Buffer.from('16030100c8010000c40303', 'hex');
  const garbage: Record<string, Buffer | string> = {
    'bytes that are no text': Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    'a TLS handshake': tlsHello,
    'an HTTP request': 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'a text': '"hello"',
    'an array': '[{"type":"disconnect"}]',
    'a number': '7',
    'an object that is none': '{"type":disconnect}',
    'broken UTF-8 in an object': Buffer.from('{"type":"disconnect\xff"}', 'latin1'),
    'deep nesting': `{"a":${'['.repeat(1_000)}`,
    'an object over 64 KiB': `{"type":"public","room":"a","message":"${'x'.repeat(70_000)}"}`,
    'a name that JavaScript knows': '{"type":"disconnect","__proto__":{"type":"x"}}',
  };
  for (const [what, bytes] of Object.entries(garbage)) {
    test(`${what}: closed, before and after signing in, and what came before is answered`, async () => {
      const stranger = await RoomsClient.open(url);
      stranger.write(bytes);
      await stranger.expectEnd();
      const user = await signedUp();
      user.write('{"type":"pending_room","room":"-"}');
      user.write(bytes);
      user.write('{"type":"disconnect"}');
      await user.expect('{"type":"pending_room","status":"error","reason":"room_does_not_exist"}');
      await user.expectEnd();
      await witness.settled();
    });
  }

  test('a half object, and nothing more, says nothing', async () => {
    const message = Buffer.from('{"type":"public","room":"Général","message":"cut off"}');
    for (let cut = 1; cut < message.length; cut++) {
      const client = await RoomsClient.open(url);
      client.write(message.subarray(0, cut));
      client.socket.end();
      await client.expectEnd();
    }
    await witness.settled();
  });

  test('a hundred messages in one segment are answered in order', async () => {
    const user = await signedUp();
    const asked = Array.from({ length: 100 }, (_, at) =>
      JSON.stringify(
        at % 2 === 0
          ? { type: 'public', room: 'Général', message: `message ${at}` }
          : { type: 'pending_room', room: `room ${at}` },
      ),
    );
    user.write(asked.join(''));
    for (let at = 0; at < 100; at++) {
      const answer = await user.nextObject();
      if (at % 2 === 0) assert.equal(answer['message'], `message ${at}`);
      else assert.equal(answer['reason'], 'room_does_not_exist');
      if (at % 2 === 0) assert.equal((await witness.nextObject())['message'], `message ${at}`);
    }
    await user.leave();
  });

  test('far more messages than may wait are all answered', async () => {
    const user = await signedUp();
    const count = 300;
    user.write('{"type":"pending_room","room":"Général"}'.repeat(count) + '{"type":"disconnect"}');
    for (let at = 0; at < count; at++) {
      assert.equal((await user.nextObject())['reason'], 'already_in_room');
    }
    await user.expect('{"type":"disconnect","status":"ok"}');
    await user.expectEnd();
  });

  test('names and texts with escapes come out as they were, and no line of the log is forged', async () => {
    const user = await signedUp();
    const message = 'a\u0000b\u001b[31m\r\n\u2028"\\';
    user.send({ type: 'public', room: 'Général', message });
    assert.equal((await user.nextObject())['message'], message);
    assert.equal((await witness.nextObject())['message'], message);
    user.write('{"type":"public","room":"G\\u00e9n\\u00e9ral","message":"\\ud800"}');
    await user.expect('{"type":"public","status":"error","reason":"message: is not well-formed Unicode"}');
    for (const room of ['\u0000', '\ud800', '', 'x'.repeat(1_000), "' or 1=1 --", '../..']) {
      user.send({ type: 'public', room, message: 'x' });
      await user.expect('{"type":"public","status":"error","reason":"not_in_room"}');
      user.send({ type: 'pending_room', room });
      await user.expect('{"type":"pending_room","status":"error","reason":"room_does_not_exist"}');
    }
    for (const username of ['\u0000', '\ud800', '', 'x'.repeat(1_000), 'a\nb']) {
      user.send({ type: 'signin', username, password: '\ud800' });
      await user.expect('{"type":"signin","status":"error","reason":"incorrect_username"}');
    }
    user.write('{"type":"forged\\n{\\"level\\":\\"error\\"}"}[');
    await user.expectEnd();
    assert.doesNotMatch(server.log(), /forged/);
  });

  test('50 MiB without an end are not held', async () => {
    const client = await RoomsClient.open(url);
    const before = process.memoryUsage().rss;
    client.write('{"type":"public","message":"');
    const chunk = Buffer.alloc(mebibyte, 'x');
    let written = 0;
    while (written < 50 && !client.socket.destroyed) {
      client.socket.write(chunk);
      written += 1;
      await turn();
    }
    client.socket.destroy();
    await client.closed;
    assert.ok(process.memoryUsage().rss - before < 150 * mebibyte, 'the memory of both ends stays small');
    await witness.settled();
  });

  test('one that never reads is let go, and the others are served', async () => {
    const deaf = await signedUp();
    deaf.socket.pause();
    const id = (await server.store.read.users.byUsernameKey(`user${users}`))!.id;
    const speaker = await signedUp();
    const isLetGo = () => onlineConnections(id) === 0;
    // Straight to the hub: a store would take its time for as many texts as a kernel's buffers take.
    const room = (await server.store.read.rooms.byNameKey('général'))!;
    for (let round = 1; round <= 400 && !isLetGo(); round++) {
      server.core.hub.toUser(id, {
        kind: 'message',
        at: 0,
        roomId: room.id,
        roomName: room.name,
        pair: null,
        seq: 1_000_000 + round,
        sender: 'somebody',
        text: 'x'.repeat(60_000),
        sentAt: 0,
        editedAt: null,
        deletedAt: null,
        revision: 0,
      });
      await turn();
    }
    await until(async () => (isLetGo() ? true : undefined), 'an end to who does not read');
    speaker.send({ type: 'public', room: 'Général', message: 'still here' });
    assert.equal((await speaker.nextObject())['message'], 'still here');
    assert.equal((await witness.nextObject())['message'], 'still here');
    deaf.socket.destroy();
    await speaker.leave();
  });

  function onlineConnections(userId: string): number {
    return connectionsOf(server, userId);
  }

  test('one that resets in the middle disturbs nobody', async () => {
    const user = await signedUp();
    user.write('{"type":"public","room":"Général","message":"last words"}{"type":"sig');
    await user.next();
    user.socket.resetAndDestroy();
    await user.closed;
    assert.equal((await witness.nextObject())['message'], 'last words');
    await witness.settled();
    // In the middle of a password check too.
    const hurried = await RoomsClient.open(url);
    hurried.send({ type: 'signin', username: 'witness', password: 'a fine long secret, no.' });
    await turn();
    hurried.socket.resetAndDestroy();
    await witness.settled();
  });

  test('a sign-in that is right after the client has gone leaves nobody online', async () => {
    const gone = await RoomsClient.open(url);
    const attached = new Promise<string>((resolve) => {
      atNextAttach(server, async (attach, { userId }) => {
        await attach();
        gone.socket.resetAndDestroy();
        // What another says after it is heard after it.
        for (let at = 0; at < 3; at++) await witness.settled();
        resolve(userId);
      });
    });
    gone.send({ type: 'signup', username: 'hasty', password: 'a fine long secret' });
    const id = await attached;
    await until(async () => (onlineConnections(id) === 0 ? true : undefined), 'nobody');
  });
});
