import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ManualClock } from '../../support/manual-clock.ts';
import { SealedClient, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { VwsClient, encrypt, goodPassword, post, publicKeyHex, registeredVws } from './vws-client.ts';

let server: TestServer;
const clock = new ManualClock();
before(async () => {
  server = await startTestServer({ VWS_COMPAT: 'on' }, { clock });
});
after(() => server.end());

const mailTo = (name: string): string => `${name}@example.org`;

describe('the older profile', () => {
  test('is warned about at the start', () => {
    assert.match(server.log(), /"level":"warn"[^\n]*VWS_COMPAT=on/);
  });

  test('is named on the page at /', async () => {
    assert.match(await (await fetch(server.url)).text(), /vws<\/strong> at <code>\/vws<\/code>/);
  });

  test('is not there unless it is turned on', async () => {
    const other = await startTestServer();
    const answer = await post(`${other.url}/vws/create_session_key`, { public_key: publicKeyHex() });
    assert.equal(answer.status, 404);
    assert.ok(!other.log().includes('VWS_COMPAT'));
    await other.end();
  });

  test('answers byte for byte: the next key under this one, the next id under the next key', async () => {
    const client = await VwsClient.open(server.url);
    const { key: k0 } = client;
    const fields = { username: 'golden', email: mailTo('golden'), password: goodPassword };
    const done = await client.must('/register_user', fields);
    const pair = `"ciphertext":"${encrypt(k0, client.key)}","session_key":"${encrypt(client.key, client.id)}"`;
    assert.equal(done.text, `{${pair}}`);
    assert.equal(done.headers.get('content-type'), 'application/json');
    assert.equal(done.headers.get('cache-control'), 'no-store');

    const { key: k1 } = client;
    const refused = await client.call('/encrypt/nobody', { message: 'x' });
    const next = `"ciphertext":"${encrypt(k1, client.key)}","session_key":"${encrypt(client.key, client.id)}"`;
    assert.equal(refused.text, `{${next},"error":"User is not found"}`);

    const { key: k2 } = client;
    const sealed = await client.must('/encrypt/golden', { message: 'x' });
    assert.equal(
      sealed.text,
      `{"ciphertext":"${encrypt(k2, client.key)}","session_key":"${encrypt(client.key, client.id)}","message":"${encrypt(client.key, sealed.message!)}"}`,
    );
  });

  test('gives an id once, whoever asks side by side', async () => {
    const client = await registeredVws(server.url, 'racer');
    const form = client.form({ message: 'x' });
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => post(`${server.url}/vws/encrypt/racer`, form)),
    );
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    const lost = answers.filter(({ status }) => status !== 200);
    for (const { status, text } of lost) assert.deepEqual([status, text], [404, '"Session not found!"']);
    client.follow(won[0]!);
    await client.must('/encrypt/racer', { message: 'the chain goes on' });
  });

  test('says of an id that it is over for a day, then that there is none', async () => {
    const client = await registeredVws(server.url, 'sleeper');
    const form = client.form({ message: 'x' });
    clock.advance(60 * 60 * 1000);
    const late = await post(`${server.url}/vws/encrypt/sleeper`, form);
    assert.deepEqual([late.status, late.text], [408, '"Session timeout exceeded!"']);
    clock.advance(24 * 60 * 60 * 1000);
    const gone = await post(`${server.url}/vws/encrypt/sleeper`, form);
    assert.deepEqual([gone.status, gone.text], [404, '"Session not found!"']);
  });

  test('keeps a chain alive that is used every 59 minutes', async () => {
    const client = await registeredVws(server.url, 'steady');
    for (let at = 0; at < 5; at++) {
      clock.advance(59 * 60 * 1000);
      await client.must('/encrypt/steady', { message: 'x' });
    }
  });
});

describe('an account', () => {
  test('is refused in the words that were always used', async () => {
    await registeredVws(server.url, 'taken');
    const client = await VwsClient.open(server.url);
    const good = { username: 'fresh', email: mailTo('fresh'), password: goodPassword };
    const register = (error: string, changed: Record<string, string>) =>
      client.refused(error, '/register_user', { ...good, ...changed });
    await register('Username is busy', { username: 'TAKEN' });
    await register('Email is busy', { email: mailTo('taken') });
    await register('Email format not corrected', { email: 'fresh' });
    await register('Password format not corrected', { password: 'a long but simple one' });
    await register('Username format not corrected', { username: 'not a name' });
    await client.refused('No authorization', '/encrypt/taken', { message: 'x' });
    await client.must('/register_user', good);
    await client.must('/encrypt/taken', { message: 'x' });
  });

  test('logs in by its address, whatever its spelling', async () => {
    await registeredVws(server.url, 'again');
    const client = await VwsClient.open(server.url);
    await client.refused('Password is wrong', '/login_user', { email: mailTo('again'), password: 'other' });
    await client.refused('No authorization', '/decrypt', { message: 'x' });
    await client.must('/login_user', { email: 'AGAIN@example.org', password: goodPassword });
    await client.must('/encrypt/again', { message: 'x' });
  });

  test('that nobody has is answered like one with another password', async () => {
    const client = await VwsClient.open(server.url);
    for (let at = 0; at < 5; at++) {
      await client.refused('Password is wrong', '/login_user', { email: mailTo('ghost'), password: 'x' });
    }
    await client.refused('Account block. Change the password!', '/login_user', {
      email: mailTo('ghost'),
      password: 'x',
    });
    await client.refused('Email format not corrected', '/login_user', { email: 'ghost', password: 'x' });
  });

  test('encrypts for anybody, and decrypts what was encrypted for it, over either API', async () => {
    const old = await registeredVws(server.url, 'older');
    const modern = await registered(server.url, 'newer');
    const text = 'grüße, 你好 🙂, and "quotes"\n';
    const toModern = await old.must('/encrypt/newer', { message: text });
    assert.equal(String((await modern.must('/decrypt', { message: toModern.message }))['message']), text);
    const toOld = String((await modern.must('/encrypt/older', { message: text }))['message']);
    assert.equal((await old.must('/decrypt', { message: toOld })).message, text);
    await old.refused('No authorization', '/decrypt', { message: toModern.message! });
    await old.refused('No authorization', '/decrypt', { message: 'nothing of the kind' });
    const nothing = await old.must('/encrypt/OLDER', { message: '' });
    assert.equal((await old.must('/decrypt', { message: nothing.message! })).message, '');
  });

  test('takes the name of the receiver from the path, encoded or not, and from nowhere else', async () => {
    const client = await registeredVws(server.url, 'sender');
    await registered(server.url, 'Ümit', { email: mailTo('umit') });
    await client.must(`/encrypt/${encodeURIComponent('Ümit')}`, { message: 'x' });
    const both = client.form({ message: 'for sender', username: 'nobody' });
    const answer = client.follow(await post(`${server.url}/vws/encrypt/sender`, both));
    assert.equal((await client.must('/decrypt', { message: answer.message! })).message, 'for sender');
  });

  test('made here logs in there, and the other way round', async () => {
    await registeredVws(server.url, 'crosser');
    const sealed = await SealedClient.open(server.url);
    await sealed.must('/login_user', { username: 'crosser', password: goodPassword });
    await registered(server.url, 'comer', { password: 'all lower case and long' });
    const old = await VwsClient.open(server.url);
    await old.must('/login_user', { email: mailTo('comer'), password: 'all lower case and long' });
  });

  test('changes its name', async () => {
    const client = await registeredVws(server.url, 'caterpillar');
    const change = { new_username: 'butterfly', password: goodPassword };
    await client.refused('Password is wrong', '/change_username', { ...change, password: 'x' });
    await client.refused('Username is busy', '/change_username', { ...change, new_username: 'taken' });
    await client.refused('Username format not corrected', '/change_username', {
      ...change,
      new_username: ' ',
    });
    await client.must('/change_username', change);
    await client.refused('User is not found', '/encrypt/caterpillar', { message: 'x' });
    await client.must('/encrypt/butterfly', { message: 'x' });
    const other = await VwsClient.open(server.url);
    await other.refused('No authorization', '/change_username', change);
  });

  test('changes its password, which ends every other login and not this one', async () => {
    const client = await registeredVws(server.url, 'changer');
    const elsewhere = await VwsClient.open(server.url);
    await elsewhere.must('/login_user', { email: mailTo('changer'), password: goodPassword });
    const sealed = await SealedClient.open(server.url);
    await sealed.must('/login_user', { username: 'changer', password: goodPassword });
    const change = { password: goodPassword, new_password: 'An0ther_1' };
    await client.refused('Password is wrong', '/change_password', { ...change, password: 'x' });
    await client.refused('Password format not corrected', '/change_password', {
      ...change,
      new_password: 'x',
    });
    await client.must('/change_password', change);
    await client.must('/encrypt/changer', { message: 'x' });
    await elsewhere.refused('No authorization', '/encrypt/changer', { message: 'x' });
    await sealed.refused('session_unknown', '/me');
    await elsewhere.refused('Password is wrong', '/login_user', {
      email: mailTo('changer'),
      password: goodPassword,
    });
    await elsewhere.must('/login_user', { email: mailTo('changer'), password: 'An0ther_1' });
  });

  test('whose password was changed over the sealed API, or that was deleted there, is logged out', async () => {
    const client = await registeredVws(server.url, 'remote');
    const sealed = await SealedClient.open(server.url);
    await sealed.must('/login_user', { username: 'remote', password: goodPassword });
    await sealed.must('/change_password', { password: goodPassword, new_password: 'a much longer secret' });
    await client.refused('No authorization', '/encrypt/remote', { message: 'x' });
    await client.must('/login_user', { email: mailTo('remote'), password: 'a much longer secret' });
    await sealed.must('/delete_account', { password: 'a much longer secret' });
    await client.refused('No authorization', '/encrypt/remote', { message: 'x' });
  });

  test('writes neither its password nor its ids into the log', async () => {
    const client = await registeredVws(server.url, 'discreet');
    const { id, key } = client;
    await client.must('/encrypt/discreet', { message: 'a secret of mine' });
    for (const secret of [goodPassword, id, key, 'a secret of mine'])
      assert.ok(!server.log().includes(secret));
  });
});
