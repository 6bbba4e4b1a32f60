import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { passwordOf } from '../../support/sealed-client.ts';
import { guest, loggedIn, newcomer, notLoggedIn, registeredAndIn, startChatroomServer } from './people.ts';
import { RawClient } from './raw-client.ts';

/** How a client's text reaches the server. */
const deliveries: Record<string, (client: RawClient, text: string) => Promise<void> | void> = {
  'in one piece': (client, text) => client.send(text),
  'byte by byte': (client, text) => client.sendByByte(text),
};

describe('the messages of the seed', () => {
  for (const [how, deliver] of Object.entries(deliveries)) {
    test(`are answered byte for byte when they come ${how}`, async () => {
      const { server, clock, url } = await startChatroomServer();
      try {
        const bea = await newcomer(url, 'Bea');
        clock.advance(200);

        const ada = await RawClient.open(url);
        await deliver(ada, '{"user":"Ada", "type":"register"}');
        await ada.gets('{"type":"username_register_status","taken":"false"}');
        await deliver(ada, '{"user":"Ada", "type":"salt"}');
        assert.match(await ada.line(), /^\{"type":"salt","salt":"\d{32}"\}$/);
        await deliver(ada, `{"user":"Ada", "type":"login", "password":"${passwordOf('Ada')}"}`);
        await ada.gets(...registeredAndIn);
        clock.advance(200);
        await bea.gets('{"type":"user_notification","user":"Ada","status":"true"}');

        await deliver(ada, '{"user":"Ada", "type":"message", "message":"é \\" \\u0000 😀"}');
        await ada.gets('{"type":"message","from":"Ada","message":"é \\" \\u0000 😀"}');
        await bea.gets('{"type":"message","from":"Ada","message":"é \\" \\u0000 😀"}');
        await deliver(ada, '{"user":"Ada", "type":"typing", "status":"true"}');
        await bea.gets('{"type":"typing","user":"Ada","status":"true"}');
        await deliver(ada, '{"user":"Ada", "type":"typing", "status":"false"}');
        await bea.gets('{"type":"typing","user":"Ada","status":"false"}');
        await deliver(ada, '{"user":"Ada", "type":"userlist", "onlinetype":"true"}');
        await ada.gets('{"type":"userlist","users":["Ada","Bea"],"onlinetype":"true"}');

        await deliver(ada, '{"user":"Ada", "type":"disconnect"}');
        await ada.endsWith();
        clock.advance(5_000);
        clock.advance(200);
        await bea.gets('{"type":"user_notification","user":"Ada","status":"false"}');
        await deliver(bea, '{"user":"Bea", "type":"userlist", "onlinetype":"false"}');
        await bea.gets('{"type":"userlist","users":["Ada"],"onlinetype":"false"}');

        const again = await RawClient.open(url);
        await deliver(again, '{"user":"Ada", "type":"register"}');
        await again.gets('{"type":"username_register_status","taken":"true"}');
        await deliver(again, '{"user":"Ada", "type":"guest"}');
        await again.gets('{"type":"username_taken"}');
        await deliver(again, '{"user":"Ada", "type":"login", "password":"not it at all"}');
        await again.gets(...notLoggedIn);
        await deliver(again, '{"user":"Cleo", "type":"guest"}');
        await again.gets(...loggedIn);
        await bea.gets('{"type":"user_notification","user":"Cleo","status":"true"}');
        await deliver(again, '{"user":"Cleo", "type":"disconnect"}');
        await again.endsWith();
        await bea.gets('{"type":"user_notification","user":"Cleo","status":"false"}');

        const stopped = server.stop();
        await bea.endsWith('{"type":"shutdown"}');
        await stopped;
      } finally {
        await server.end();
      }
    });
  }

  test('come in one segment and are answered in order', async () => {
    const { server, url } = await startChatroomServer();
    try {
      const user = 'Carol';
      const client = await RawClient.open(url);
      const says = Array.from({ length: 100 }, (_, at) => ({ user, type: 'message', message: String(at) }));
      client.send({ user, type: 'guest' }, ...says, { user, type: 'disconnect' });
      await client.endsWith(
        ...loggedIn,
        ...says.map(({ message }) => `{"type":"message","from":"Carol","message":"${message}"}`),
      );
    } finally {
      await server.end();
    }
  });

  test('who closes right after saying something is still heard', async () => {
    const { server, url } = await startChatroomServer();
    try {
      const listener = await guest(url, 'Dora');
      const client = await guest(url, 'Ellen');
      await listener.gets('{"type":"user_notification","user":"Ellen","status":"true"}');
      const texts = Array.from({ length: 20 }, (_, at) => String(at));
      client.send(...texts.map((message) => ({ user: 'Ellen', type: 'message', message })));
      client.socket.end();
      for (const text of texts) await listener.gets(`{"type":"message","from":"Ellen","message":"${text}"}`);
      await listener.gets('{"type":"user_notification","user":"Ellen","status":"false"}');
    } finally {
      await server.end();
    }
  });

  test('a message ends the typing of who sends it', async () => {
    const { server, url } = await startChatroomServer();
    try {
      const listener = await guest(url, 'Fay');
      const client = await guest(url, 'Gia');
      await listener.gets('{"type":"user_notification","user":"Gia","status":"true"}');
      client.send({ user: 'gia', type: 'typing', status: true });
      client.send({ user: 'GIA', type: 'message', message: 'so' });
      await listener.gets(
        '{"type":"typing","user":"Gia","status":"true"}',
        '{"type":"message","from":"Gia","message":"so"}',
        '{"type":"typing","user":"Gia","status":"false"}',
      );
    } finally {
      await server.end();
    }
  });
});
