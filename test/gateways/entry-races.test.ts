import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { passwordSecret } from '../../src/core/accounts/secret.ts';
import { atNextAttach, connectionsOf } from '../support/across-nodes.ts';
import { passwordOf } from '../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../support/test-server.ts';
import { ChateauClient } from './chateau/chateau-client.ts';
import { notLoggedIn } from './chatroom/people.ts';
import { RawClient } from './chatroom/raw-client.ts';
import { FramesClient } from './frames/frames-client.ts';
import { RoomsClient } from './rooms/rooms-client.ts';

type Change = 'another password' | 'the end of the account' | 'a ban' | 'a ban of the address';

/** One way in: asks to be let in, and sees that it is refused in the protocol's words and that nothing else is said. */
type Refused = (urls: Readonly<Record<string, string>>, name: string, change: Change) => Promise<void>;

const isBan = (change: Change): boolean => change.startsWith('a ban');

/** By way in, for people who have an account. */
const logins: Readonly<Record<string, Refused>> = {
  frames: async ({ frames }, name, change) => {
    const client = await FramesClient.open(frames!);
    client.send('LOG', { login: name, password: passwordOf(name) });
    if (isBan(change)) {
      assert.deepEqual(await client.next('DIS'), { msg: 'You are banned: late' });
      await client.ended;
      assert.deepEqual(client.received, []);
      return;
    }
    assert.deepEqual(await client.next('ERR'), { msg: 'The name or the password is wrong' });
    client.send('UPD', { reciever: 'Général' });
    assert.deepEqual(await client.next('ERR'), { msg: 'Log in first' });
    client.close();
  },
  chatroom: async ({ chatroom }, user, change) => {
    const client = await RawClient.open(chatroom!);
    client.send({ user, type: 'login', password: passwordOf(user) });
    await client.endsWith(...(isBan(change) ? ['{"type":"banned"}'] : notLoggedIn));
  },
  rooms: async ({ rooms }, name, change) => {
    const client = await RoomsClient.signingIn(rooms!, name);
    if (isBan(change)) {
      await client.expect('{"type":"signin","status":"ban","reason":"late"}');
      return client.expectEnd();
    }
    const wrong = change === 'another password' ? 'incorrect_password' : 'incorrect_username';
    await client.expect(`{"type":"signin","status":"error","reason":"${wrong}"}`);
    client.send({ type: 'pending_room', room: 'Général' });
    await client.expect('{"type":"pending_room","status":"error","reason":"not_logged_in"}');
    client.socket.destroy();
  },
  chateau: async ({ chateau }, username, change) => {
    const client = await ChateauClient.open(chateau!);
    const request = { type: 'RegisterRequest', username, password: passwordOf(username), auth: false };
    const status = isBan(change) ? 400 : 302;
    assert.equal(await client.ask(request), `{"type":"ErrorResponse","status":${status}}`);
    const list = await client.ask({ type: 'ClientListRequest' });
    assert.equal(list, '{"type":"ErrorResponse","status":301}');
    client.close();
  },
};

/** By way in, for people who had no account until now. */
const registrations: Readonly<Record<string, Refused>> = {
  'chatroom, with a name': async ({ chatroom }, user) => {
    const client = await RawClient.open(chatroom!);
    client.send({ user, type: 'register' }, { user, type: 'login', password: passwordOf(user) });
    await client.endsWith(
      '{"type":"username_register_status","taken":"false"}',
      '{"type":"register_status","status":"true","additional_info":""}',
      '{"type":"banned"}',
    );
  },
  'chatroom, as a guest': async ({ chatroom }, user) => {
    const client = await RawClient.open(chatroom!);
    client.send({ user, type: 'guest' });
    await client.endsWith('{"type":"banned"}');
  },
  rooms: async ({ rooms }, username) => {
    const client = await RoomsClient.open(rooms!);
    client.send({ type: 'signup', username, password: passwordOf(username) });
    await client.expect('{"type":"signin","status":"ban","reason":"late"}');
    await client.expectEnd();
  },
  'chateau, as a guest': async ({ chateau }, username) => {
    const client = await ChateauClient.open(chateau!);
    const request = { type: 'RegisterRequest', username, password: '', auth: false };
    assert.equal(await client.ask(request), '{"type":"ErrorResponse","status":400}');
    await client.quiet();
    client.close();
  },
};

describe('what comes between the check of a password and the entry', () => {
  let server: TestServer;
  let names = 0;
  before(async () => {
    server = await startTestServer({
      LISTEN_FRAMES: 'tcp://127.0.0.1:0',
      LISTEN_CHATROOM: 'tcp://127.0.0.1:0',
      LISTEN_ROOMS: 'tcp://127.0.0.1:0',
      LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws',
    });
  });
  after(async () => {
    await server.end();
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });

  async function account(username: string): Promise<string> {
    const secret = passwordSecret(passwordOf(username));
    const made = await server.core.createAccount('192.0.2.1', { username, email: null, secret });
    return made.account.id;
  }

  const callerOf = (userId: string) => ({
    ...{ userId, sessionId: null, address: '192.0.2.1', client: 'test', claim: null },
  });

  function targetOf(name: string, change: Change) {
    return change === 'a ban' ? { username: name } : { range: '127.0.0.1' };
  }

  async function make(change: Change, userId: string, name: string): Promise<void> {
    const { core } = server;
    if (change === 'another password')
      await core.setPassword(callerOf(userId), passwordSecret('something quite else'));
    else if (change === 'the end of the account') await core.deleteOwnAccount(callerOf(userId));
    else {
      const ban = { kind: 'ban', target: targetOf(name, change), reason: 'late', until: null } as const;
      await core.moderation.impose('console', ban);
    }
  }

  /** Has the change made just before the next connection is attached, and something said just after. */
  async function refusedAfter(change: Change, name: string, refused: Refused): Promise<string> {
    const speaker = await account(`speaker${++names}`);
    let entered = '';
    atNextAttach(server, async (attach, { userId }) => {
      entered = userId;
      await make(change, userId, name);
      await attach();
      const { core } = server.nodes.find((node) => node.core.hub.connectionsOf(userId) > 0)!;
      core.hub.toAll({ kind: 'notice', at: 0, text: 'not for you' });
      await core.sendMessage(callerOf(speaker), { room: 'Général' }, 'nor this');
      await core.sendMessage(callerOf(speaker), { to: name }, 'nor that').catch(() => {});
    });
    try {
      await refused(server.gatewayUrls, name, change);
    } finally {
      const action = { kind: 'ban', target: targetOf(name, change) } as const;
      // A guest is nobody any more.
      if (isBan(change)) await server.core.moderation.lift('console', action).catch(() => {});
    }
    assert.notEqual(entered, '');
    await until(async () => (connectionsOf(server, entered) === 0 ? true : undefined), 'nobody');
    return entered;
  }

  const changes = ['another password', 'the end of the account', 'a ban', 'a ban of the address'] as const;
  for (const [way, refused] of Object.entries(logins)) {
    for (const change of changes) {
      test(`${change} keeps out who logs in on ${way}`, async () => {
        const name = `racer${++names}`;
        const id = await account(name);
        assert.equal(await refusedAfter(change, name, refused), id);
      });
    }
  }

  for (const [way, refused] of Object.entries(registrations)) {
    for (const change of ['a ban', 'a ban of the address'] as const) {
      test(`${change} keeps out who comes for the first time on ${way}`, async () => {
        const name = `newcomer${++names}`;
        await refusedAfter(change, name, refused);
        if (!way.includes('guest')) return;
        await until(async () => {
          const user = await server.store.read.users.byUsernameKey(name);
          return user === null ? true : undefined;
        }, 'a free name');
      });
    }
  }
});
