import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ManualClock } from '../../support/manual-clock.ts';
import { SealedClient } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { VwsClient, goodPassword, registeredVws } from './vws-client.ts';

const minute = 60_000;
const blocked = 'Account block. Change the password!';

let server: TestServer;
const clock = new ManualClock();
before(async () => {
  server = await startTestServer({ VWS_COMPAT: 'on' }, { clock });
});
after(() => server.end());

async function failing(name: string): Promise<{ client: VwsClient; right: Record<string, string> }> {
  await registeredVws(server.url, name);
  const client = await VwsClient.open(server.url);
  const right = { email: `${name}@example.org`, password: goodPassword };
  for (let at = 0; at < 5; at++) {
    await client.refused('Password is wrong', '/login_user', { ...right, password: `Wr0ng_${at}` });
  }
  return { client, right };
}

function codeIn(text: string): string {
  const code = /^ {4}([A-Z0-9]{6})$/m.exec(text)?.[1];
  assert.ok(code, text);
  return code;
}

describe('an account after five wrong passwords', () => {
  test('is blocked for a quarter of an hour, for the right password too', async () => {
    const { client, right } = await failing('blocked');
    await client.refused(blocked, '/login_user', right);
    clock.advance(15 * minute - 1_000);
    await client.refused(blocked, '/login_user', right);
    clock.advance(2_000);
    await client.must('/login_user', right);
    await client.refused('Password is wrong', '/login_user', { ...right, password: 'x' });
    await client.must('/login_user', right);
  });

  test('is blocked whichever way the guesses came, and only slowed on the others', async () => {
    const { right } = await failing('crossed');
    const sealed = await SealedClient.open(server.url);
    await sealed.refused('rate_limited', '/login_user', right);
    clock.advance(3_000);
    await sealed.must('/login_user', right);
    const client = await VwsClient.open(server.url);
    await client.must('/login_user', right);
  });

  test('has five tries side by side, and no more', async () => {
    await registeredVws(server.url, 'swarm');
    const clients = await Promise.all(Array.from({ length: 12 }, () => VwsClient.open(server.url)));
    const answers = await Promise.all(
      clients.map((client, at) =>
        client.call('/login_user', { email: 'swarm@example.org', password: `Wr0ng_${at}` }),
      ),
    );
    const counted = new Map<string, number>();
    for (const { error } of answers) counted.set(error ?? '', (counted.get(error ?? '') ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(counted), {
      [blocked]: 7,
      'Password is wrong': 5,
    });
  });

  test('lets who is logged in go on, and blocks their confirmations by themselves', async () => {
    const client = await registeredVws(server.url, 'inside');
    const change = { new_username: 'insider', password: 'x' };
    for (let at = 0; at < 5; at++) await client.refused('Password is wrong', '/change_username', change);
    await client.refused(blocked, '/change_username', { ...change, password: goodPassword });
    await client.refused(blocked, '/change_password', { password: goodPassword, new_password: 'An0ther_1' });
    await client.must('/encrypt/inside', { message: 'x' });
    clock.advance(15 * minute + 1);
    await client.must('/change_username', { ...change, password: goodPassword });
  });

  test('is free again after recovery', async () => {
    const { client, right } = await failing('recovered');
    await client.refused(blocked, '/login_user', right);
    await client.must('/forgot_password', { email: right['email']! });
    await client.must('/confirm_forgot_password', { code: codeIn(await server.mailTo(right['email']!)) });
    await client.must('/final_forgot_password', { new_password: 'An0ther_1' });
    await client.must('/login_user', { ...right, password: 'An0ther_1' });
  });
});

describe('recovery', () => {
  test('mails six letters and digits that are good for five minutes', async () => {
    await registeredVws(server.url, 'slow');
    const client = await VwsClient.open(server.url);
    await client.must('/forgot_password', { email: 'slow@example.org' });
    const mail = await server.mailTo('slow@example.org');
    assert.match(mail, /It is good for 5 minutes/);
    clock.advance(5 * minute);
    await client.refused('Invalid code', '/confirm_forgot_password', { code: codeIn(mail) });
    await client.refused('Invalid session', '/final_forgot_password', { new_password: 'An0ther_1' });
  });

  test('takes the code in the chain that asked, in any spelling, once, and ends every login', async () => {
    const before = await registeredVws(server.url, 'forgetful');
    const client = await VwsClient.open(server.url);
    const other = await VwsClient.open(server.url);
    await client.refused('Invalid session', '/final_forgot_password', { new_password: 'An0ther_1' });
    await client.must('/forgot_password', { email: 'forgetful@example.org' });
    const code = codeIn(await server.mailTo('forgetful@example.org'));
    await other.refused('Invalid session', '/confirm_forgot_password', { code });
    await other.must('/forgot_password', { email: 'nobody@example.org' });
    await other.refused('Invalid code', '/confirm_forgot_password', { code });
    await client.refused('Invalid code', '/confirm_forgot_password', { code: 'AAAAAA' });
    await client.must('/confirm_forgot_password', { code: ` ${code.toLowerCase()} ` });
    await client.refused('Invalid session', '/confirm_forgot_password', { code });
    await client.refused('Password format not corrected', '/final_forgot_password', { new_password: 'weak' });
    await client.must('/final_forgot_password', { new_password: 'An0ther_1' });
    await client.refused('Invalid session', '/final_forgot_password', { new_password: 'An0ther_2' });
    await before.refused('No authorization', '/encrypt/forgetful', { message: 'x' });
    await before.must('/login_user', { email: 'forgetful@example.org', password: 'An0ther_1' });
    assert.match(await server.mailTo('forgetful@example.org', 1), /password of your account was changed/);
  });

  test('answers an unknown address as a known one, and mails nobody', async () => {
    const client = await VwsClient.open(server.url);
    await client.must('/forgot_password', { email: 'stranger@example.org' });
    for (let at = 0; at < 6; at++) {
      await client.refused('Invalid code', '/confirm_forgot_password', { code: 'AAAAAA' });
    }
    assert.equal(await server.mailCount('stranger@example.org'), 0);
    await client.refused('Email format not corrected', '/forgot_password', { email: 'stranger' });
  });

  test('looks at five guesses', async () => {
    await registeredVws(server.url, 'guessed');
    const client = await VwsClient.open(server.url);
    await client.must('/forgot_password', { email: 'guessed@example.org' });
    const code = codeIn(await server.mailTo('guessed@example.org'));
    const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`;
    for (let at = 0; at < 5; at++) {
      await client.refused('Invalid code', '/confirm_forgot_password', { code: wrong });
    }
    await client.refused('Invalid code', '/confirm_forgot_password', { code });
  });

  test('lets nobody in who is kept out', async () => {
    await registeredVws(server.url, 'outcast');
    const client = await VwsClient.open(server.url);
    await client.must('/forgot_password', { email: 'outcast@example.org' });
    const code = codeIn(await server.mailTo('outcast@example.org'));
    await client.must('/confirm_forgot_password', { code });
    const ban = { kind: 'ban', target: { username: 'outcast' }, reason: 'spam', until: null } as const;
    await server.core.moderation.impose('console', ban);
    await client.refused('Banned: spam', '/final_forgot_password', { new_password: 'An0ther_1' });
    await server.core.moderation.lift('console', ban);
    await client.must('/final_forgot_password', { new_password: 'An0ther_1' });
  });
});
