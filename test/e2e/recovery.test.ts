import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SealedClient, emailOf, passwordOf, registered } from '../support/sealed-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type TestServer, codeIn, startTestServer } from '../support/test-server.ts';

let server: TestServer;
const clock = new ManualClock();
before(async () => {
  server = await startTestServer({}, { clock });
});
after(() => server.end());

/** A session that has asked for a code for the user, and the code. */
async function asked(username: string, earlierMails = 0): Promise<{ client: SealedClient; code: string }> {
  const client = await SealedClient.open(server.url);
  await client.must('/forgot_password', { email: emailOf(username) });
  return { client, code: codeIn(await server.mailTo(emailOf(username), earlierMails)) };
}

describe('recovery by a mailed code', () => {
  test('works with the code in any spelling a person may type, once', async () => {
    await registered(server.url, 'typist');
    const { client, code } = await asked('typist');
    await client.must('/confirm_forgot_password', {
      code: ` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `,
    });
    await client.refused('code_expired', '/confirm_forgot_password', { code });
    await client.must('/final_forgot_password', { new_password: 'a new and better one' });
    await client.refused('recovery_not_confirmed', '/final_forgot_password', {
      new_password: 'yet another one',
    });
    assert.equal((await client.must('/me'))['user']?.['username'], 'typist');
  });

  test('lets one of 16 requests with the right code win', async () => {
    await registered(server.url, 'raced');
    const { client, code } = await asked('raced');
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => client.call('/confirm_forgot_password', { code })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    const finals = await Promise.all(
      Array.from({ length: 16 }, (_, at) =>
        client.call('/final_forgot_password', { new_password: `password number ${at}` }),
      ),
    );
    assert.equal(finals.filter(({ status }) => status === 200).length, 1);
  });

  test('counts five guesses, then the right code is worth nothing', async () => {
    await registered(server.url, 'guessed');
    const { client, code } = await asked('guessed');
    const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`;
    for (const left of [4, 3, 2, 1, 0]) {
      const answer = await client.refused('code_wrong', '/confirm_forgot_password', { code: wrong });
      assert.equal(answer.body['attempts_left'], left);
    }
    await client.refused('code_expired', '/confirm_forgot_password', { code });
  });

  test('counts guesses that come side by side', async () => {
    await registered(server.url, 'swarmed');
    const { client } = await asked('swarmed');
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => client.call('/confirm_forgot_password', { code: 'AAAAAAAA' })),
    );
    assert.equal(answers.filter(({ body }) => String(body['code']) === 'code_wrong').length, 5);
  });

  test('takes a code only in the session that asked for it, and only the newest', async () => {
    await registered(server.url, 'bound');
    const { client, code } = await asked('bound');
    const other = await SealedClient.open(server.url);
    await other.refused('code_expired', '/confirm_forgot_password', { code });
    await client.must('/forgot_password', { email: emailOf('bound') });
    const newer = codeIn(await server.mailTo(emailOf('bound'), 1));
    await client.refused('code_wrong', '/confirm_forgot_password', { code });
    await client.must('/confirm_forgot_password', { code: newer });
  });

  test('takes no code after ten minutes', async () => {
    await registered(server.url, 'late');
    const { client, code } = await asked('late');
    for (let minute = 0; minute < 10; minute++) {
      clock.advance(60_000);
      await client.refused('not_logged_in', '/me');
    }
    await client.refused('code_expired', '/confirm_forgot_password', { code });
  });

  test('treats an unknown address like a known one, and mails nobody', async () => {
    const client = await SealedClient.open(server.url);
    const answer = await client.call('/forgot_password', { email: 'nobody@example.org' });
    assert.deepEqual([answer.status, answer.body], [200, {}]);
    const guess = await client.refused('code_wrong', '/confirm_forgot_password', { code: 'ABCDEFGH' });
    assert.equal(guess.body['attempts_left'], 4);
    assert.equal(await server.mailCount('nobody@example.org'), 0);
  });

  test('mails three codes an hour to one address, whoever asks, and says so to nobody', async () => {
    await registered(server.url, 'flooded');
    for (let at = 0; at < 5; at++) {
      const client = await SealedClient.open(server.url);
      await client.must('/forgot_password', { email: emailOf('flooded') });
    }
    await server.mailTo(emailOf('flooded'), 2);
    const last = await SealedClient.open(server.url);
    await last.must('/forgot_password', { email: emailOf('flooded') });
    assert.equal(await server.mailCount(emailOf('flooded')), 3);
    clock.advance(61 * 60 * 1000);
    await asked('flooded', 3);
  });

  test('ends every other session, tells the address, and clears failed logins', async () => {
    const before = await registered(server.url, 'swept');
    const attacker = await SealedClient.open(server.url);
    for (let at = 0; at < 5; at++) {
      await attacker.refused('wrong_credentials', '/login_user', {
        username: 'swept',
        password: `wrong number ${at}`,
      });
    }
    await attacker.refused('rate_limited', '/login_user', { username: 'swept', password: 'x' });
    await before.must('/me');
    const { client, code } = await asked('swept');
    await client.must('/confirm_forgot_password', { code });
    await client.must('/final_forgot_password', { new_password: 'all is clean again' });
    await before.refused('session_unknown', '/me');
    assert.match(await server.mailTo(emailOf('swept'), 1), /password of your account was changed/);
    await attacker.must('/login_user', { username: 'swept', password: 'all is clean again' });
  });
});

describe('a change of address', () => {
  test('proves the new one and tells the old', async () => {
    const client = await registered(server.url, 'mover');
    await client.must('/change_email', { password: passwordOf('mover'), email: 'moved@example.org' });
    assert.match(await server.mailTo(emailOf('mover')), /moved@example\.org/);
    assert.equal((await client.must('/me'))['user']?.['email'], emailOf('mover'));
    await client.refused('code_wrong', '/confirm_change_email', { code: 'AAAAAAAA' });
    const changed = await client.must('/confirm_change_email', {
      code: codeIn(await server.mailTo('moved@example.org')),
    });
    assert.equal(changed['user']?.['email'], 'moved@example.org');
    const again = await SealedClient.open(server.url);
    await again.must('/login_user', { email: 'MOVED@example.org', password: passwordOf('mover') });
  });

  test('leaves codes that were mailed to the old one worth nothing, confirmed or not', async () => {
    const client = await registered(server.url, 'leaver');
    const typed = await asked('leaver');
    const waiting = await asked('leaver', 1);
    await typed.client.must('/confirm_forgot_password', { code: typed.code });
    await client.must('/change_email', { password: passwordOf('leaver'), email: 'left@example.org' });
    const code = codeIn(await server.mailTo('left@example.org'));
    await client.must('/confirm_change_email', { code });
    await typed.client.refused('recovery_not_confirmed', '/final_forgot_password', {
      new_password: 'whose mail was read',
    });
    await waiting.client.refused('code_expired', '/confirm_forgot_password', { code: waiting.code });
    await client.must('/me');
  });

  test('to one that somebody has is refused, also when they took it meanwhile', async () => {
    await registered(server.url, 'holder');
    const client = await registered(server.url, 'wisher');
    await client.refused('email_taken', '/change_email', {
      password: passwordOf('wisher'),
      email: emailOf('holder'),
    });
    await client.must('/change_email', { password: passwordOf('wisher'), email: emailOf('rival') });
    const code = codeIn(await server.mailTo(emailOf('rival')));
    await registered(server.url, 'rival');
    await client.refused('email_taken', '/confirm_change_email', { code });
  });
});
