import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { computePreHash } from '../../../src/crypto/password.ts';
import { SealedClient, registered } from '../../support/sealed-client.ts';
import {
  type Slapd,
  baseDn,
  passwordChange,
  personEntry,
  startSlapd,
  withoutSlapd,
} from '../../support/slapd.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { ChateauClient } from './chateau-client.ts';

const registeredText = '{"type":"RegisterResponse","status":200}';
const error = (status: number) => `{"type":"ErrorResponse","status":${status}}`;

describe('chateau with a directory', { skip: withoutSlapd }, () => {
  let slapd: Slapd;
  let server: TestServer;
  let url: string;
  before(async () => {
    slapd = await startSlapd({ ada: 'short', bob: 'b', carol: 'c', dora: 'd', eve: 'e', fay: 'f', ina: 'i' });
    server = await startTestServer({
      LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws',
      LDAP_URL: slapd.plainUrl,
      LDAP_BASE_DN: baseDn,
      LDAP_STARTTLS: 'on',
      LDAP_CA: slapd.caFile,
    });
    url = server.gatewayUrls['chateau']!;
  });
  after(async () => {
    await server.end();
    await slapd.end();
  });

  async function register(username: string, password: string, auth: boolean): Promise<string> {
    const client = await ChateauClient.open(url);
    const answer = await client.ask({ type: 'RegisterRequest', username, password, auth });
    client.close();
    await client.closed;
    return answer;
  }
  async function login(username: string, password: string): Promise<string> {
    const client = await SealedClient.open(server.url);
    const answer = await client.call('/login_user', { username, password });
    return answer.status === 200 ? 'in' : String(answer.body['code']);
  }

  test('the account is made at the first success, and is the same ever after', async () => {
    assert.equal(await register('ada', 'wrong', true), error(301));
    assert.equal(await server.store.read.users.byUsernameKey('ada'), null);
    assert.equal(await register('ada', 'short', true), registeredText);
    const { id } = (await server.store.read.users.byUsernameKey('ada'))!;
    assert.equal(await register('Ada', 'short', true), registeredText);
    assert.equal(await register('ada', 'short', false), registeredText);
    assert.equal(await register('ada', 'wrong', true), error(301));
    assert.equal(await register('ada', 'wrong', false), error(302));
    assert.equal(await register('ada', '', true), error(301));
    assert.equal(await register('ada', '', false), error(302));
    assert.equal((await server.store.read.users.byUsernameKey('ada'))!.id, id);
    assert.equal(await login('ada', 'short'), 'in');
    assert.equal(await login('ada', 'wrong'), 'wrong_credentials');
  });

  test('nobody else is let in: unknown names, characters of filters, empty passwords', async () => {
    assert.equal(await register('nobody', 'short', true), error(301));
    for (const name of ['*', 'ad*', 'ada)(uid=*', '', 'a b'])
      assert.equal(await register(name, 'short', true), error(400));
    assert.equal(await register('bob', '', true), error(301));
    assert.equal(await server.store.read.users.byUsernameKey('bob'), null);
  });

  test('several at once for the first time are one account', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => register('ina', 'i', true)));
    assert.deepEqual(new Set(answers), new Set([registeredText]));
  });

  test('a name that somebody has here already is theirs', async () => {
    await registered(server.url, 'carol');
    assert.equal(await register('carol', 'c', true), error(302));
  });

  test('a new password in the directory is the one that counts, and the old one is none any more', async () => {
    assert.equal(await register('dora', 'd', true), registeredText);
    const before = (await server.store.read.users.byUsernameKey('dora'))!;
    slapd.manage('ldapmodify', passwordChange('dora', 'another'));
    assert.equal(await login('dora', 'd'), 'wrong_credentials');
    assert.equal(await login('dora', 'another'), 'in');
    assert.equal(await register('dora', 'another', false), registeredText);
    const after = (await server.store.read.users.byUsernameKey('dora'))!;
    assert.notEqual(after.passwordVerifier, before.passwordVerifier);
    // A way in that gets the pre-hash knows the new one as well.
    const preHash = await computePreHash('another', after.passwordSalt);
    const { account } = await server.core.authenticate(
      '127.0.0.1',
      { username: 'dora' },
      { kind: 'preHash', preHash },
    );
    assert.equal(account.username, 'dora');
  });

  test('an account keeps its person in the directory under another name', async () => {
    assert.equal(await register('eve', 'e', true), registeredText);
    const client = await SealedClient.open(server.url);
    await client.must('/login_user', { username: 'eve', password: 'e' });
    await client.refused('wrong_credentials', '/change_username', { new_username: 'fay', password: 'f' });
    await client.must('/change_username', { new_username: 'fay', password: 'e' });
    assert.equal(await login('fay', 'e'), 'in');
    assert.equal(await login('fay', 'f'), 'wrong_credentials');
    assert.equal(await register('fay', 'f', true), error(302));
    assert.equal(await register('eve', 'e', true), registeredText);
    await client.refused('forbidden', '/change_password', {
      password: 'e',
      new_password: 'quite another, 42',
    });
    await client.must('/delete_account', { password: 'e' });
    assert.equal(await register('eve', 'e', true), registeredText);
    assert.equal(await register('fay', 'f', true), registeredText);
  });

  test('a banned user is told nothing new, and does not come in', async () => {
    slapd.manage('ldapadd', personEntry('gus', 'g'));
    assert.equal(await register('gus', 'g', true), registeredText);
    const target = { username: 'gus' };
    await server.core.moderation.impose('console', { kind: 'ban', target, reason: 'x', until: null });
    assert.equal(await register('gus', 'g', true), error(400));
    assert.equal(await register('gus', 'wrong', true), error(301));
    await server.core.moderation.lift('console', { kind: 'ban', target });
    assert.equal(await register('gus', 'g', true), registeredText);
  });

  test('guesses are counted whether there is an account or not', async () => {
    slapd.manage('ldapadd', personEntry('hal', 'h'));
    const answers: string[] = [];
    for (let at = 0; at < 12; at++) answers.push(await register('hal', 'wrong', true));
    assert.equal(answers[0], error(301));
    assert.equal(answers.at(-1), error(400));
    assert.equal(await register('hal', 'h', true), error(400), 'not even the right one is looked at');
  });

  test('nobody gets in while the directory is down, and everybody after', async () => {
    await slapd.stop();
    try {
      assert.equal(await register('ada', 'short', true), error(400));
      assert.equal(await register('ada', 'short', false), error(400));
      assert.equal(await register('newcomer', 'x', true), error(400));
      assert.equal(await login('ada', 'short'), 'busy');
      const free = await ChateauClient.registered(url, 'free');
      free.close();
    } finally {
      await slapd.start();
    }
    assert.equal(await register('ada', 'short', true), registeredText);
    assert.doesNotMatch(server.log(), /short|another/);
  });
});

describe('a server that has lost its directory', { skip: withoutSlapd }, () => {
  test('lets nobody in by a password that the directory would have to check', async () => {
    const slapd = await startSlapd({ ada: 'short' });
    const environment = { LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' };
    const ldap = { LDAP_URL: slapd.tlsUrl, LDAP_BASE_DN: baseDn, LDAP_CA: slapd.caFile };
    const first = await startTestServer({ ...environment, ...ldap });
    const register = { type: 'RegisterRequest', username: 'ada', password: 'short' };
    const client = await ChateauClient.open(first.gatewayUrls['chateau']!);
    assert.equal(await client.ask({ ...register, auth: true }), registeredText);
    await first.stop();
    await slapd.end();
    const second = await startTestServer(environment, {}, first.folder);
    try {
      const again = await ChateauClient.open(second.gatewayUrls['chateau']!);
      assert.equal(await again.ask({ ...register, auth: false }), error(400));
      assert.equal(await again.ask({ ...register, auth: true }), error(400));
      again.close();
    } finally {
      await second.end();
    }
  });

  test('does not start with a certificate to trust that is none', async () => {
    for (const LDAP_CA of ['/dev/null', '/nowhere/ca.pem']) {
      const ldap = { LDAP_URL: 'ldaps://localhost', LDAP_BASE_DN: baseDn, LDAP_CA };
      await assert.rejects(startTestServer(ldap), /LDAP_CA/);
    }
  });
});
