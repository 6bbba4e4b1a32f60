import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

describe('what was said while a rooms user was away', () => {
  let server: TestServer;
  let url: string;
  before(async () => {
    server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    url = server.gatewayUrls['rooms']!;
  });
  after(async () => {
    await server.end();
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });

  /** Waits until it is written down that the user has read the room up to there. */
  async function haveRead(username: string, roomName: string, seq: number): Promise<void> {
    await until(async () => {
      const user = (await server.store.read.users.byUsernameKey(username))!;
      const room = (await server.store.read.rooms.byNameKey(roomName.toLowerCase()))!;
      const membership = await server.store.read.memberships.find(room.id, user.id);
      return membership!.readSeq >= seq ? true : undefined;
    }, `a mark of ${username} at ${seq}`);
  }

  test('who was away is shown what was said, private rooms first, and not again', async () => {
    const away = await RoomsClient.signedUp(url, 'away');
    await away.leave();
    const sealed = await registered(server.url, 'speaker');
    const { seq } = await sealed.must('/send_message', { room: 'Général', message: 'first' });
    await sealed.must('/send_message', { room: 'Général', message: 'deleted' });
    await sealed.must('/delete_message', { room: 'Général', seq: Number(seq) + 1 });
    await sealed.must('/send_message', { to: 'away', message: 'for you' });
    const back = await RoomsClient.signingIn(url, 'away');
    assert.deepEqual((await back.nextObject())['rooms'], ['awayspeaker', 'Général']);
    await back.expect(
      '{"type":"public","room":"awayspeaker","user":"speaker","message":"for you"}',
      '{"type":"public","room":"Général","user":"speaker","message":"first"}',
    );
    await back.leave();
    await haveRead('away', 'Général', Number(seq));
    const again = await RoomsClient.signingIn(url, 'away');
    await again.next();
    await again.settled();
    // What is delivered while one is here counts as read as well.
    await sealed.must('/send_message', { room: 'Général', message: 'seen' });
    assert.equal((await again.nextObject())['message'], 'seen');
    await again.leave();
    await haveRead('away', 'Général', Number(seq) + 2);
    const last = await RoomsClient.signingIn(url, 'away');
    await last.next();
    await last.settled();
    await last.leave();
  });

  test('at most 50 of a room and 200 of all, the newest; what is said meanwhile follows once', async () => {
    const sealed = await registered(server.url, 'busy');
    const reader = await RoomsClient.signedUp(url, 'away2');
    const rooms = ['m1', 'm2', 'm3', 'm4', 'm5'];
    for (const room of rooms) {
      await sealed.must('/create_room', { room, kind: 'open' });
      reader.send({ type: 'pending_room', room });
      await reader.next();
    }
    await reader.leave();
    for (const room of rooms) {
      await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          sealed.must('/send_message', { room, message: `${room} ${at + 1}` }),
        ),
      );
    }
    const back = await RoomsClient.signingIn(url, 'away2');
    await back.next();
    // While 200 objects leave one by one, more is said, in a room shown and in one to come.
    await sealed.must('/send_message', { room: 'm1', message: 'm1 live' });
    await sealed.must('/send_message', { room: 'm4', message: 'm4 live' });
    const shown = new Map<string, string[]>(rooms.map((room) => [room, []]));
    for (let at = 0; at < 202; at++) {
      const { room, message } = (await back.nextObject()) as { room: string; message: string };
      shown.get(room)!.push(message);
    }
    await back.settled();
    const full = [...shown].filter(([, messages]) => messages.length >= 50);
    assert.equal(full.length, 4);
    assert.equal([...shown.values()].flat().length, new Set([...shown.values()].flat()).size);
    for (const [room, messages] of full) {
      const { messages: kept } = (await sealed.must('/list_messages', { room, limit: 100 })) as unknown as {
        messages: { message: string }[];
      };
      assert.deepEqual(messages, kept.map(({ message }) => message).slice(-messages.length), room);
    }
    back.socket.destroy();
  });

  test('a text too long for one read comes in several objects, also out of the store', async () => {
    const sealed = await registered(server.url, 'longwinded');
    const reader = await RoomsClient.signedUp(url, 'patient');
    const text = `${'é🙂 "quoted" '.repeat(400)}end`;
    const read = async (): Promise<string> => {
      let said = '';
      while (!said.endsWith('end')) said += String((await reader2.nextObject())['message']);
      return said;
    };
    let reader2 = reader;
    await sealed.must('/send_message', { room: 'Général', message: text });
    assert.equal(await read(), text);
    await reader.leave();
    await sealed.must('/send_message', { room: 'Général', message: text });
    reader2 = await RoomsClient.signingIn(url, 'patient');
    await reader2.next();
    assert.equal(await read(), text);
    await reader2.leave();
  });

  test('what was read outlives a restart: it is written down before the store closes', async () => {
    let other = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    try {
      const sealed = await registered(other.url, 'speaker');
      const reader = await RoomsClient.signedUp(other.gatewayUrls['rooms']!, 'reader');
      await sealed.must('/send_message', { room: 'Général', message: 'seen' });
      assert.equal((await reader.nextObject())['message'], 'seen');
      const orders = other.nodes.map(({ core, store }) => {
        const order: string[] = [];
        const [markRead, close] = [core.markRead, store.close.bind(store)];
        core.markRead = async (...mark) => {
          for (let at = 0; at < 20_000 && order.length === 0; at++) await turn();
          const read = await markRead(...mark);
          order.push('written down');
          return read;
        };
        store.close = async () => {
          order.push('closed');
          await close();
        };
        return order;
      });
      other = await other.restart();
      const order = orders.find((each) => each.length > 1);
      assert.deepEqual(order, ['written down', 'closed'], 'of the node that the reader was on');
      await reader.expectEnd();
      const back = await RoomsClient.signingIn(other.gatewayUrls['rooms']!, 'reader');
      await back.next();
      await back.settled();
      await back.leave();
      assert.doesNotMatch(other.log(), /"level":"error"/);
    } finally {
      await other.end();
    }
  });
});
