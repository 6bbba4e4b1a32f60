import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { SealedClient, passwordOf, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';
import { ChateauClient } from './chateau/chateau-client.ts';
import { returning } from './chatroom/people.ts';
import { FramesClient } from './frames/frames-client.ts';
import { RoomsClient } from './rooms/rooms-client.ts';
import { goodPassword, registeredVws } from './vws/vws-client.ts';

/** Somebody who talks in Général by one of the ways in. */
interface Talker {
  readonly name: string;
  say(text: string): Promise<void>;
  /** Fulfilled when the text has come; what came before it is gone. */
  hears(text: string): Promise<void>;
  readonly ended: Promise<unknown>;
  leave(): void;
}

const room = 'Général';

/** Lines of JSON, until one holds the text. */
async function until(next: () => Promise<string>, text: string): Promise<void> {
  while (!(await next()).includes(`"${text}"`));
}

describe('six people, one of each kind', () => {
  let server: TestServer;
  const names = ['ada', 'fred', 'rita', 'charly', 'chloe'] as const;
  before(async () => {
    const local = '127.0.0.1:0';
    server = await startTestServer({
      LISTEN_FRAMES: `tls://${local}`,
      LISTEN_CHATROOM: `tcp://${local}`,
      LISTEN_CHATEAU: `ws://${local}/ws`,
      LISTEN_ROOMS: `tcp://${local}`,
      VWS_COMPAT: 'on',
    });
    // One account is good on every door: all are made on the same one, and used on another each.
    for (const name of names) await registered(server.url, name);
  });
  after(() => server.end());

  const comeIn: Record<string, () => Promise<Talker>> = {
    ada: async () => {
      const client = await SealedClient.open(server.url);
      await client.must('/login_user', { username: 'ada', password: passwordOf('ada') });
      const events = await EventReader.open(client);
      return {
        name: 'ada',
        say: async (message) => void (await client.must('/send_message', { room, message })),
        hears: async (text) => void (await events.next('message', ({ message }) => String(message) === text)),
        ended: events.ended,
        leave: () => events.close(),
      };
    },
    fred: async () => {
      const client = await FramesClient.open(server.gatewayUrls['frames']!);
      await client.logIn('fred', passwordOf('fred'));
      client.send('UPD', { reciever: room });
      return {
        name: 'fred',
        say: async (msg) => client.send('MSG', { reciever: room, msg }),
        hears: async (text) =>
          void (await client.until('HIS', ({ history }) =>
            String((history as string[]).at(-1)).endsWith(`: ${text}`),
          )),
        ended: client.ended,
        leave: () => client.close(),
      };
    },
    rita: async () => {
      const client = await RoomsClient.signingIn(server.gatewayUrls['rooms']!, 'rita');
      assert.match(await client.next(), /"status":"ok"/);
      return {
        name: 'rita',
        say: async (message) => client.send({ type: 'public', room, user: 'rita', message }),
        hears: (text) => until(() => client.next(), text),
        ended: client.closed,
        leave: () => client.socket.destroy(),
      };
    },
    charly: async () => {
      const client = await returning(server.gatewayUrls['chatroom']!, 'charly');
      return {
        name: 'charly',
        say: async (message) => client.send({ user: 'charly', type: 'message', message }),
        hears: (text) => until(() => client.line(), text),
        ended: client.closed,
        leave: () => client.socket.destroy(),
      };
    },
    chloe: async () => {
      const url = server.gatewayUrls['chateau']!;
      const client = await ChateauClient.registered(url, 'chloe', passwordOf('chloe'));
      return {
        name: 'chloe',
        say: async (content) => client.send({ type: 'GroupMessageRequest', recipient: room, content }),
        hears: (text) => until(() => client.next(), text),
        ended: client.closed,
        leave: () => client.close(),
      };
    },
  };

  async function everybody(): Promise<Talker[]> {
    const talkers: Talker[] = [];
    for (const name of names) talkers.push(await comeIn[name]!());
    return talkers;
  }

  test('sit in one conversation: what one says, all others hear', async () => {
    const talkers = await everybody();
    for (const speaker of talkers) {
      const text = `hello from ${speaker.name}`;
      await speaker.say(text);
      await Promise.all(talkers.filter((each) => each !== speaker).map((each) => each.hears(text)));
    }
    for (const talker of talkers) talker.leave();
  });

  test('of the older profile reads what was encrypted for them, and writes to the others', async () => {
    const vera = await registeredVws(server.url, 'vera');
    const ada = await SealedClient.open(server.url);
    await ada.must('/login_user', { username: 'ada', password: passwordOf('ada') });
    const { message } = await ada.must('/encrypt/vera', { message: 'for your eyes' });
    assert.equal((await vera.must('/decrypt', { message: String(message) })).message, 'for your eyes');
    const answer = (await vera.must('/encrypt/ada', { message: 'thank you' })).message;
    assert.equal(String((await ada.must('/decrypt', { message: answer }))['message']), 'thank you');
    const other = await SealedClient.open(server.url);
    await other.must('/login_user', { username: 'vera', password: goodPassword });
  });

  for (const name of names) {
    test(`${name} is put out and kept out by the console, and let in again`, async () => {
      const { moderation } = server.core;
      const target = { username: name };
      for (const action of [
        () => moderation.kill('console', name, 'restart'),
        () =>
          moderation.impose('console', { kind: 'kick', target, reason: 'calm', until: Date.now() + 60_000 }),
        () => moderation.impose('console', { kind: 'ban', target, reason: 'enough', until: null }),
        () =>
          moderation.impose('console', {
            kind: 'ban',
            target: { range: '127.0.0.1' },
            reason: 'the address',
            until: null,
          }),
      ]) {
        const talker = await comeIn[name]!();
        await action();
        await talker.ended;
        for (const kind of ['kick', 'ban'] as const) {
          const kept = server.core.bans.ofUser(await idOf(name)) ?? server.core.bans.ofAddress('127.0.0.1');
          if (kept?.kind !== kind) continue;
          await assert.rejects(comeIn[name]!(), 'nobody gets in');
          await moderation.lift('console', {
            kind,
            target: kept.range === null ? target : { range: '127.0.0.1' },
          });
        }
      }
      const back = await comeIn[name]!();
      back.leave();
    });
  }

  test('whom the older profile serves is kept out too', async () => {
    const { moderation } = server.core;
    const target = { username: 'vanda' };
    const vanda = await registeredVws(server.url, 'vanda');
    await moderation.impose('console', { kind: 'ban', target, reason: 'enough', until: null });
    await vanda.refused('Banned: enough', '/encrypt/ada', { message: 'hello' });
    await moderation.lift('console', { kind: 'ban', target });
  });

  async function idOf(username: string): Promise<string> {
    return (await server.store.read.users.byUsernameKey(username))?.id ?? '';
  }
});
