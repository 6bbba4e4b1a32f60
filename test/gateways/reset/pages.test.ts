import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipWithoutFiles } from '../../support/server-database.ts';
import { doUpkeep } from '../../support/across-nodes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { SealedClient, emailOf, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, codeIn, startTestServer } from '../../support/test-server.ts';
import { FramesClient, hashed } from '../frames/frames-client.ts';
import { linkIn } from './links.ts';

const minute = 60_000;
const newPassword = 'correct horse battery staple';

describe('the reset page', () => {
  const clock = new ManualClock();
  let server: TestServer;
  let frames: FramesClient;
  let base: string;
  before(async () => {
    server = await startTestServer(
      { LISTEN_FRAMES: 'tcp://127.0.0.1:0', LISTEN_RESET: 'http://127.0.0.1:0' },
      { clock },
    );
    base = server.gatewayUrls['reset']!;
    frames = await FramesClient.open(server.gatewayUrls['frames']!);
  });
  after(async () => {
    frames.close();
    await server.end();
  });

  const get = (where: string, method = 'GET'): Promise<Response> => fetch(`${base}${where}`, { method });
  const post = (where: string, form: Record<string, string>): Promise<Response> =>
    fetch(`${base}${where}`, { method: 'POST', body: new URLSearchParams(form) });
  const set = (where: string, password = newPassword): Promise<Response> =>
    post(where, { password, repeat: password });
  const forget = async (login: string): Promise<void> => {
    frames.send('FRP', { login });
    await frames.next('ACK');
  };
  /** A user, and the link that was mailed to them. */
  const withLink = async (name: string): Promise<{ client: SealedClient; path: string; token: string }> => {
    const client = await registered(server.url, name);
    await forget(name);
    return { client, ...linkIn(await server.mailTo(emailOf(name))) };
  };
  const seated = async (name: string): Promise<FramesClient> => {
    const client = await FramesClient.open(server.gatewayUrls['frames']!);
    return client.logIn(name, passwordOf(name));
  };

  test('sets a new password, once, and ends everything the user was logged in with', async () => {
    const { client, path: where, token } = await withLink('ada');
    const onFrames = await seated('ada');
    const stranger = await SealedClient.open(server.url);
    for (let at = 0; at < 5; at++) {
      await stranger.refused('wrong_credentials', '/login_user', { username: 'ada', password: 'wrong' });
    }
    await stranger.refused('rate_limited', '/login_user', { username: 'ada', password: 'wrong' });
    for (const method of ['GET', 'HEAD', 'GET']) assert.equal((await get(where, method)).status, 200);
    const page = await (await get(where)).text();
    assert.match(page, /<form method="post"/);
    assert.match(page, /name="viewport"/);
    assert.ok(!page.includes(token), 'the page does not repeat the token');
    assert.ok(!page.includes('<script') && !page.includes('src='));

    for (const [form, problem] of [
      [{ password: 'short', repeat: 'short' }, 'at least 10 characters'],
      [{ password: 'password123', repeat: 'password123' }, 'too common'],
      [
        { password: `x ${emailOf('ada')} y`, repeat: `x ${emailOf('ada')} y` },
        'contains the username or the address',
      ],
      [{ password: newPassword, repeat: `${newPassword}.` }, 'not the same'],
      [{}, 'at least 10 characters'],
    ] as const) {
      const refused = await post(where, form);
      assert.equal(refused.status, 422);
      const text = await refused.text();
      assert.ok(text.includes(problem) && text.includes('<form'), `${problem}: ${text}`);
      assert.ok(!text.includes(newPassword), 'no page repeats a password');
    }

    const many = await Promise.all(Array.from({ length: 8 }, () => set(where)));
    assert.deepEqual(
      many.map(({ status }) => status).sort((a, b) => a - b),
      [200, ...Array<number>(7).fill(410)],
    );
    assert.match(await (await get(where)).text(), /used already/);
    assert.equal((await get(where)).status, 410);
    assert.equal((await set(where, 'yet another secret')).status, 410);

    assert.deepEqual(await onFrames.until('DIS'), { msg: 'You were logged out' });
    await onFrames.ended;
    assert.equal((await client.call('/me')).body['code'], 'session_unknown');
    await stranger.must('/login_user', { username: 'ada', password: newPassword });
    frames.send('LOG', { login: 'ada', password: 'X' });
    const salt = Buffer.from(String((await frames.next('LOG'))['password']).slice(0, 64), 'hex');
    const back = await FramesClient.open(server.gatewayUrls['frames']!);
    await back.logIn('ada', hashed(newPassword, salt));
    back.close();
    assert.match(await server.mailTo(emailOf('ada'), 1), /password of your account was changed/);
  });

  test('knows no token but those that were mailed, and says so with 404', async () => {
    const { path: where, token } = await withLink('bert');
    for (const other of [
      '',
      'x',
      'A'.repeat(43),
      `${token}A`,
      token.slice(1),
      `${token}%00`,
      '..%2f..%2f',
      '%ff',
      `${token}/`,
    ]) {
      for (const kind of ['reset', 'confirm']) {
        assert.equal((await get(`/${kind}/${other}`)).status, 404, other);
        assert.equal((await set(`/${kind}/${other}`)).status, 404, other);
      }
    }
    assert.equal((await get(where.replace('reset', 'confirm'))).status, 404, 'a link is good for one thing');
    for (const other of ['/', '/reset', '/token', '/reset/new']) assert.equal((await get(other)).status, 404);
    assert.equal((await get(where, 'PUT')).status, 405);
    assert.equal((await get(where)).status, 200);
  });

  test('sends every page with headers that let nothing in and nothing out', async () => {
    const { path: where } = await withLink('carl');
    for (const response of [
      await get(where),
      await get('/reset/x'),
      await get(where, 'PUT'),
      await set(where, 'x'),
    ]) {
      const policy = response.headers.get('content-security-policy') ?? '';
      assert.match(
        policy,
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      );
      assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(response.headers.get('x-frame-options'), 'DENY');
      assert.equal(response.headers.get('set-cookie'), null);
    }
  });

  test('says of a link that is older than 30 minutes that it is too old, and forgets it in the end', async () => {
    const { path: where } = await withLink('dora');
    clock.advance(30 * minute - 1);
    assert.equal((await get(where)).status, 200);
    clock.advance(1);
    const late = await get(where);
    assert.equal(late.status, 410);
    assert.match(await late.text(), /too old/);
    assert.equal((await set(where)).status, 410);
    clock.advance(8 * 24 * 60 * minute);
    await doUpkeep(server);
    assert.equal((await get(where)).status, 404);
    const dora = await SealedClient.open(server.url);
    await dora.must('/login_user', { username: 'dora', password: passwordOf('dora') });
  });

  test('is not led to by more than three mails an hour, with links or codes', async () => {
    const emil = await registered(server.url, 'emil');
    const other = await SealedClient.open(server.url);
    await other.must('/forgot_password', { email: emailOf('emil') });
    for (let at = 0; at < 4; at++) await forget('emil');
    await server.mailTo(emailOf('emil'), 2);
    await forget('nobody-at-all');
    await other.must('/forgot_password', { email: emailOf('emil') });
    // A mail that comes later shows that none is on its way any more.
    await emil.must('/change_password', { password: passwordOf('emil'), new_password: newPassword });
    assert.match(await server.mailTo(emailOf('emil'), 3), /was changed/);
    assert.equal(await server.mailCount(emailOf('emil')), 4);
    clock.advance(60 * minute + 1);
    await forget('emil');
    linkIn(await server.mailTo(emailOf('emil'), 4));
  });

  test('leaves a code that was mailed to the old address worth nothing once the new one is confirmed', async () => {
    await registered(server.url, 'frieda');
    const asking = await SealedClient.open(server.url);
    await asking.must('/forgot_password', { email: emailOf('frieda') });
    const code = codeIn(await server.mailTo(emailOf('frieda')));
    const onFrames = await seated('frieda');
    onFrames.send('CHM', { email: 'frieda@new.example.org' });
    await onFrames.until('ACK');
    const confirm = linkIn(await server.mailTo('frieda@new.example.org'));
    assert.equal((await post(confirm.path, {})).status, 200);
    await asking.refused('code_expired', '/confirm_forgot_password', { code });
    onFrames.close();
  });

  test('takes no link that was mailed before the password or the address was changed', async () => {
    const { client, path: first } = await withLink('frida');
    await client.must('/change_password', { password: passwordOf('frida'), new_password: newPassword });
    assert.equal((await get(first)).status, 410);
    await forget('frida');
    const second = linkIn(await server.mailTo(emailOf('frida'), 2));
    const onFrames = await FramesClient.open(server.gatewayUrls['frames']!);
    await onFrames.logIn('frida', newPassword);
    onFrames.send('CHM', { email: 'frida@new.example.org' });
    await onFrames.until('ACK');
    const confirm = linkIn(await server.mailTo('frida@new.example.org'));
    assert.equal((await post(confirm.path, {})).status, 200);
    assert.equal((await get(second.path)).status, 410, 'it went to the old address');
    onFrames.close();
  });

  test('puts a new address in force with its button, not by being looked at', async () => {
    await registered(server.url, 'gustav');
    const onFrames = await seated('gustav');
    onFrames.send('CHM', { email: 'first@example.net' });
    await onFrames.until('ACK');
    onFrames.send('CHM', { email: 'Gustav@Example.net' });
    await onFrames.until('ACK');
    const own = await SealedClient.open(server.url);
    await own.must('/login_user', { username: 'gustav', password: passwordOf('gustav') });
    const kept = await own.must('/export_account', { password: passwordOf('gustav') });
    const links = kept['email_links'] as unknown as { email: string; ended_at: string | null }[];
    assert.deepEqual(
      new Map(links.map(({ email, ended_at }) => [email, ended_at === null])),
      new Map([
        ['first@example.net', false],
        ['Gustav@example.net', true],
      ]),
    );
    assert.match(await server.mailTo(emailOf('gustav')), /asked to make first@example\.net its address/);
    const superseded = linkIn(await server.mailTo('first@example.net'));
    const { path: where } = linkIn(await server.mailTo('Gustav@example.net'));
    assert.equal((await post(superseded.path, {})).status, 410);
    for (const method of ['GET', 'HEAD']) assert.equal((await get(where, method)).status, 200);
    assert.match(await (await get(where)).text(), /Gustav@example\.net/);
    const sealed = await SealedClient.open(server.url);
    const login = { username: 'gustav', password: passwordOf('gustav') };
    await sealed.must('/login_user', login);
    assert.equal((await sealed.must('/me'))['user']!['email'], emailOf('gustav'));
    assert.equal((await post(where, {})).status, 200);
    assert.equal((await sealed.must('/me'))['user']!['email'], 'Gustav@example.net');
    assert.equal((await post(where, {})).status, 410);
    onFrames.close();
  });

  test('says so when another account has taken the address meanwhile', async () => {
    await registered(server.url, 'hanna');
    const onFrames = await seated('hanna');
    onFrames.send('CHM', { email: 'wanted@example.net' });
    await onFrames.until('ACK');
    const { path: where } = linkIn(await server.mailTo('wanted@example.net'));
    await registered(server.url, 'faster', { email: 'wanted@example.net' });
    const taken = await post(where, {});
    assert.equal(taken.status, 409);
    assert.match(await taken.text(), /Another account has this address/);
    onFrames.send('CHM', { email: 'wanted@example.net' });
    assert.deepEqual(await onFrames.until('ERR'), { msg: 'The address is taken' });
    onFrames.close();
  });

  test('reads no body of any size, and lets nobody in from a banned address', async () => {
    const { path: where } = await withLink('ida');
    assert.equal((await set(where, 'x'.repeat(20_000))).status, 413);
    const range = { kind: 'ban', target: { range: '127.0.0.0/8' }, reason: 'spam' } as const;
    await server.core.moderation.impose('console', { ...range, until: null });
    assert.equal((await get(where)).status, 403);
    assert.equal((await set(where)).status, 403);
    await server.core.moderation.lift('console', range);
    frames = await FramesClient.open(server.gatewayUrls['frames']!);
    assert.equal((await get(where)).status, 200);
  });

  test('dies with the account, and leaves no token in the log or the database', async () => {
    const { client, path: where, token } = await withLink('jan');
    assert.equal((await get(where)).status, 200);
    await client.must('/delete_account', { password: passwordOf('jan') });
    assert.equal((await get(where)).status, 404);
    await withLink('kurt').then(({ path: other }) => set(other));
    const folder = path.join(server.folder, 'data');
    const files = readdirSync(folder).filter((name) => name.startsWith('letterlock.db'));
    // PostgreSQL keeps its own where this test does not see them.
    assert.ok(files.length > 0 || skipWithoutFiles !== false);
    for (const name of files) assert.ok(!readFileSync(path.join(folder, name)).includes(token), name);
    assert.doesNotMatch(server.log(), /\/(reset|confirm)\/[\w-]{20}/);
    assert.ok(!server.log().includes(token) && !server.log().includes(newPassword));
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });
});
