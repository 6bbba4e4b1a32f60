import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { isConnectedBy, sum } from '../../support/across-nodes.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { SealedClient, emailOf, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, until } from '../../support/test-server.ts';
import {
  guest,
  loggedIn,
  newcomer,
  notLoggedIn,
  registeredAndIn,
  returning,
  startChatroomServer,
} from './people.ts';
import { RawClient } from './raw-client.ts';

const taken = '{"type":"username_register_status","taken":"true"}';
const free = '{"type":"username_register_status","taken":"false"}';
const guestTaken = '{"type":"username_taken"}';

function registerStatus(why: string): string {
  return `{"type":"register_status","status":"false","additional_info":"${why}"}`;
}

describe('entering', () => {
  let server: TestServer;
  let clock: ManualClock;
  let url: string;
  before(async () => ({ server, clock, url } = await startChatroomServer()));
  after(async () => {
    assert.doesNotMatch(server.log(), /"level":"error"/);
    await server.end();
  });

  /** Somebody who has nothing but a connection. */
  async function visitor(): Promise<RawClient> {
    return RawClient.open(url);
  }

  /** Waits until the server has seen that a user's connection is closed. */
  async function gone(name: string): Promise<void> {
    const { id } = (await server.store.read.users.byUsernameKey(name.toLowerCase()))!;
    await until(async () => !isConnectedBy(server, id, 'chatroom') || undefined, 'an end');
  }

  async function saltFor(client: RawClient, user: string): Promise<string> {
    client.send({ user, type: 'salt' });
    return /^\{"type":"salt","salt":"([0-9a-f]+)"\}$/.exec(await client.line())?.[1] ?? 'none';
  }

  test('a client that hashes as the others do shares its account with every door', async () => {
    const client = await visitor();
    client.send({ user: 'Hannah', type: 'register' });
    await client.gets(free);
    const salt = await saltFor(client, 'hannah');
    assert.match(salt, /^\d{32}$/);
    const password = passwordOf('Hannah');
    const preHash = pbkdf2Sync(password, salt, 10_000, 32, 'sha256').toString('hex');
    client.send({ user: 'Hannah', type: 'login', password: preHash });
    await client.gets(...registeredAndIn);
    const sealed = await SealedClient.open(server.url);
    await sealed.must('/login_user', { username: 'Hannah', password });
    const other = await visitor();
    assert.equal(await saltFor(other, 'Hannah'), salt);
    assert.equal(await saltFor(other, 'HANNAH'), salt);
    await client.close();
    await gone('Hannah');
    other.send({ user: 'Hannah', type: 'login', password: preHash.toUpperCase() });
    await other.gets(...loggedIn);
    await other.close();
  });

  test('an account of another door comes in with its password, and with its salt in hex', async () => {
    const sealed = await registered(server.url, 'Ines');
    await sealed.must('/me');
    const client = await returning(url, 'Ines');
    await client.close();
    const salt = randomBytes(32);
    const preHash = randomBytes(32);
    await server.core.createAccount('127.0.0.1', {
      username: 'Jana',
      email: null,
      secret: { kind: 'preHash', preHash },
      salt,
    });
    const jana = await visitor();
    assert.equal(await saltFor(jana, 'Jana'), salt.toString('hex'));
    jana.send({ user: 'Jana', type: 'login', password: preHash.toString('hex') });
    await jana.gets(...loggedIn);
    await jana.close();
  });

  test('the salt of nobody is made up, and always the same', async () => {
    const client = await visitor();
    const made = new Set<string>();
    for (let at = 0; at < 60; at++) {
      const salt = await saltFor(client, `nobody${at}`);
      assert.match(salt, /^(?:\d{32}|[0-9a-f]{64})$/);
      assert.equal(await saltFor(client, `NOBODY${at}`), salt);
      made.add(salt);
    }
    assert.equal(made.size, 60);
    assert.notEqual(await saltFor(client, `x${'ﷺ'.repeat(20_000)}`), 'none');
    await client.close();
  });

  test('a name that is being registered is kept from everybody else, whichever way they come', async () => {
    const client = await visitor();
    client.send({ user: 'Karla', type: 'register' });
    await client.gets(free);
    const other = await visitor();
    const salt = await saltFor(client, 'Karla');
    assert.notEqual(await saltFor(other, 'Karla'), salt, 'the salt is told to who holds the name');
    other.send({ user: 'karla', type: 'register' }, { user: 'KARLA', type: 'guest' });
    await other.gets(taken, guestTaken);
    other.send({ user: 'Karla', type: 'login', password: passwordOf('Karla') });
    await other.gets(...notLoggedIn);
    const sealed = await SealedClient.open(server.url);
    const registration = { username: 'kArla', email: emailOf('karla'), password: passwordOf('Karla2') };
    await sealed.refused('username_taken', '/register_user', registration);
    const renamed = await registered(server.url, 'Lea');
    const change = { new_username: 'Karla', password: passwordOf('Lea') };
    await renamed.refused('username_taken', '/change_username', change);
    client.send({ user: 'Karla', type: 'login', password: passwordOf('Karla') });
    await client.gets(...registeredAndIn);
    await Promise.all([client.close(), other.close()]);
  });

  test('a name is free again when the connection closes, when another is registered, and after 5 minutes', async () => {
    const first = await visitor();
    const second = await visitor();
    first.send({ user: 'Mia', type: 'register' }, { user: 'Nora', type: 'register' });
    await first.gets(free, free);
    second.send({ user: 'Mia', type: 'register' });
    await second.gets(free);
    second.send({ user: 'Nora', type: 'register' });
    await second.gets(taken);
    clock.advance(4 * 60_000 + 59_000);
    second.send({ user: 'Nora', type: 'register' });
    await second.gets(taken);
    clock.advance(1_000);
    await Promise.all([first.endsWith(), second.endsWith()]);
    const third = await visitor();
    third.send({ user: 'Nora', type: 'register' });
    await third.gets(free);
    third.socket.end();
    await third.endsWith();
    const fourth = await visitor();
    fourth.send({ user: 'Nora', type: 'register' });
    await fourth.gets(free);
    await fourth.close();
  });

  test('who cannot set a password is told why, and may try another', async () => {
    const client = await visitor();
    client.send({ user: 'Olga', type: 'register' });
    await client.gets(free);
    for (const [password, why] of [
      ['', 'password: at least 10 characters'],
      ['short', 'password: at least 10 characters'],
      ['password1234', 'password: it is too common a password'],
      ['my name is OLGA', 'password: it contains the username or the address'],
      // Not 64 hex digits, so a password like any other.
      ['x'.repeat(1025), 'password: at most 1,024 bytes'],
    ]) {
      client.send({ user: 'Olga', type: 'login', password });
      await client.gets(registerStatus(why!), ...notLoggedIn);
    }
    client.send({ user: 'Olga', type: 'login', password: passwordOf('Olga') });
    await client.gets(...registeredAndIn);
    await client.close();
  });

  test('a name that can be nobody’s is not free', async () => {
    const client = await visitor();
    for (const user of ['', 'two words', 'a'.repeat(41), 'a\u0000b', '\u202eevil', 'раypal', '../..']) {
      client.send({ user, type: 'register' });
      await client.gets(taken);
    }
    await client.close();
  });

  test('the fifth wrong password closes the connection', async () => {
    await (await newcomer(url, 'Paula')).close();
    const client = await visitor();
    for (let at = 0; at < 4; at++) {
      client.send({ user: at % 2 === 0 ? 'Paula' : 'nobody at all', type: 'login', password: `wrong ${at}` });
      await client.gets(...notLoggedIn);
    }
    client.send({ user: 'Paula', type: 'login', password: 'f'.repeat(64) }, { user: 'Paula', type: 'salt' });
    await client.endsWith(...notLoggedIn);
  });

  test('a name that is logged in here cannot log in a second time, elsewhere it can', async () => {
    const first = await newcomer(url, 'Rita');
    const second = await visitor();
    second.send({ user: 'Rita', type: 'login', password: passwordOf('Rita') });
    await second.gets(...notLoggedIn);
    first.send({ user: 'Rita', type: 'login', password: passwordOf('Rita') });
    await first.gets(...notLoggedIn);
    const sealed = await SealedClient.open(server.url);
    await sealed.must('/login_user', { username: 'Rita', password: passwordOf('Rita') });
    first.send({ user: 'Rita', type: 'disconnect' });
    await first.endsWith();
    second.send({ user: 'Rita', type: 'login', password: passwordOf('Rita') });
    await second.gets(...loggedIn);
    await second.close();
  });

  test('of two logins at once, one succeeds', async () => {
    await (await newcomer(url, 'Sara')).close();
    const clients = await Promise.all(Array.from({ length: 6 }, visitor));
    await gone('Sara');
    for (const client of clients) client.send({ user: 'Sara', type: 'login', password: passwordOf('Sara') });
    const answers = await Promise.all(clients.map((client) => client.line()));
    assert.equal(answers.filter((answer) => answer === loggedIn[0]).length, 1);
    await Promise.all(clients.map((client) => client.close()));
  });

  test('a guest holds a name while they are there', async () => {
    const client = await guest(url, 'Tina');
    const other = await visitor();
    other.send({ user: 'TINA', type: 'guest' }, { user: 'tina', type: 'register' });
    await other.gets(guestTaken, taken);
    client.send(
      { user: 'Tina', type: 'guest' },
      { user: 'x', type: 'register' },
      { user: 'Tina', type: 'salt' },
    );
    await client.gets(guestTaken, taken);
    assert.match(await client.line(), /^\{"type":"salt"/);
    client.send({ user: 'Tina', type: 'disconnect' });
    await client.endsWith();
    await until(async () => {
      other.send({ user: 'Tina', type: 'guest' });
      return (await other.line()) === guestTaken ? undefined : true;
    }, 'a free name');
    await other.gets(loggedIn[1]!);
    await other.close();
  });

  test('before the login nothing is served but entering and leaving', async () => {
    const client = await visitor();
    client.send(
      { user: 'Uma', type: 'message', message: 'x' },
      { user: 'Uma', type: 'userlist', onlinetype: 'true' },
      { user: 'Uma', type: 'typing', status: 'true' },
      { user: 'Uma', type: 'nothing known' },
      { user: 'Uma', type: 'disconnect' },
    );
    await client.endsWith();
  });

  test('another name than one’s own ends the connection, whether it is logged in elsewhere or not', async () => {
    const other = await guest(url, 'Vera');
    for (const request of [
      { type: 'message', message: 'forged' },
      { type: 'userlist', onlinetype: true },
      { type: 'typing', status: true },
      { type: 'disconnect' },
    ]) {
      for (const user of ['Vera', 'nobody', 'Wanda (guest)', 'Wanda'.repeat(2000)]) {
        const client = await guest(url, 'Wanda');
        client.send({ user, ...request });
        await client.endsWith('{"type":"wrong_ip"}');
        await until(
          async () => ((await server.store.read.users.byUsernameKey('wanda')) === null ? true : undefined),
          'a free name',
        );
      }
    }
    other.send({ user: 'Vera', type: 'message', message: 'the end' });
    let line = '';
    while (!line.includes('the end')) {
      line = await other.line();
      assert.doesNotMatch(line, /forged/);
    }
    await other.close();
  });

  test('whoever does not log in within 30 seconds is let go', async () => {
    const client = await visitor();
    client.send({ user: 'x', type: 'salt' });
    await client.line();
    clock.advance(29_999);
    client.send({ user: 'x', type: 'salt' });
    await client.line();
    clock.advance(1);
    await client.endsWith();
    const member = await guest(url, 'Xenia');
    clock.advance(300_000);
    member.send({ user: 'Xenia', type: 'message', message: 'still here' });
    await member.gets('{"type":"message","from":"Xenia","message":"still here"}');
    await member.close();
  });
});

describe('what is configured', () => {
  test('an outdated client is told so with any object it sends', async () => {
    const { server, url } = await startChatroomServer({ CHATROOM_MIN_VERSION: '0.2.0', GUESTS: 'off' });
    try {
      for (const object of [{ user: 'a', type: 'salt' }, { type: 'nothing known' }, {}]) {
        const client = await RawClient.open(url);
        client.send({ ...object, version: '0.1.9' }, { user: 'a', type: 'salt' });
        await client.endsWith('{"type":"outdated_client","version":"0.2.0"}');
      }
      const client = await RawClient.open(url);
      client.send({ user: 'a', type: 'guest', version: '0.2' });
      await client.gets(...notLoggedIn);
      await client.close();
    } finally {
      await server.end();
    }
  });

  test('names can be held so often from one address and no more', async () => {
    const { server, url, clock } = await startChatroomServer({ LIMITS: 'on' });
    try {
      const client = await RawClient.open(url);
      for (let at = 0; at < 20; at++) {
        client.send({ user: `name${at}`, type: 'register' });
        await client.gets(free);
      }
      client.send({ user: 'another', type: 'register' });
      await client.gets(taken);
      clock.advance(10_000);
      client.send({ user: 'another', type: 'register' });
      await client.gets(free);
      await client.close();
    } finally {
      await server.end();
    }
  });

  test('guests come so often from one address and no more, and are told as others who are not let in', async () => {
    const { server, url, clock } = await startChatroomServer({ LIMITS: 'on' });
    try {
      for (let at = 0; at < 60; at++) await (await guest(url, `visitor${at}`)).close();
      const client = await RawClient.open(url);
      client.send({ user: 'another', type: 'guest' });
      await client.gets(...notLoggedIn);
      clock.advance(2_000);
      client.send({ user: 'another', type: 'guest' });
      await client.gets(...loggedIn);
      await client.close();
    } finally {
      await server.end();
    }
  });

  test('who says too much at once is heard a little later', async () => {
    const { server, url, clock } = await startChatroomServer({ LIMITS: 'on' });
    try {
      const client = await guest(url, 'Yara');
      const says = Array.from({ length: 300 }, (_, at) => ({
        user: 'Yara',
        type: 'message',
        message: `${at}`,
      }));
      client.send(...says);
      const limited = (): number =>
        sum(server, ({ core }) => core.counts.limited.get('messages of a user') ?? 0);
      let line = await client.line();
      for (let at = 0; at < 300; at++) {
        assert.equal(line, `{"type":"message","from":"Yara","message":"${at}"}`);
        if (at === 299) break;
        const next = client.line();
        line = await until(async () => {
          const arrived = await Promise.race([
            next,
            new Promise<null>((resolve) => setImmediate(() => resolve(null))),
          ]);
          // Time stands still until the limit was met, or it would never be.
          if (arrived === null && limited() > 0) clock.advance(20);
          return arrived ?? undefined;
        }, 'the next one');
      }
      assert.ok(limited() > 0);
      await client.close();
    } finally {
      await server.end();
    }
  });
});
