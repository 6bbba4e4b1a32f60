import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SealedClient, emailOf, passwordOf, registered } from '../support/sealed-client.ts';
import { type TestServer, codeIn, startTestServer } from '../support/test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.end());

for (const enc of ['A256GCM', 'A256CBC-HS512'] as const) {
  test(`an account lives its whole life over ${enc}`, async () => {
    const suffix = enc === 'A256GCM' ? 'gcm' : 'cbc';
    const [alice, bob] = [`alice-${suffix}`, `bob-${suffix}`];
    const client = await SealedClient.open(server.url, enc);
    await registered(server.url, bob);
    const { user } = await client.must('/register_user', {
      username: alice,
      email: emailOf(alice),
      password: passwordOf(alice),
    });
    assert.equal(user?.['username'], alice);
    assert.equal(user?.['role'], 'user');

    const other = await SealedClient.open(server.url, enc);
    await other.refused('not_logged_in', '/me');
    await other.must('/login_user', { email: emailOf(alice), password: passwordOf(alice) });
    const me = await other.must('/me');
    assert.equal(me['user']?.['sessions']?.['length'], 2);

    const sealed = await client.must(`/encrypt/${bob}`, { message: 'héllo ✓' });
    const bobClient = await SealedClient.open(server.url, enc);
    await bobClient.must('/login_user', { username: bob, password: passwordOf(bob) });
    assert.equal((await bobClient.must('/decrypt', { message: sealed['message'] }))['message'], 'héllo ✓');
    await client.refused('not_decryptable', '/decrypt', { message: sealed['message'] });

    await client.must('/change_username', { new_username: `${alice}2`, password: passwordOf(alice) });
    assert.equal((await other.must('/me'))['user']?.['username'], `${alice}2`);
    await client.must('/change_password', {
      password: passwordOf(alice),
      new_password: 'another fine secret',
    });
    await other.refused('session_unknown', '/me');
    assert.match(await server.mailTo(emailOf(alice)), /password of your account was changed/);

    const lost = await SealedClient.open(server.url, enc);
    await lost.must('/forgot_password', { email: emailOf(alice) });
    const code = codeIn(await server.mailTo(emailOf(alice), 1));
    await lost.refused('recovery_not_confirmed', '/final_forgot_password', {
      new_password: 'a third fine secret',
    });
    await lost.must('/confirm_forgot_password', { code });
    await lost.must('/final_forgot_password', { new_password: 'a third fine secret' });
    assert.equal((await lost.must('/me'))['user']?.['email'], emailOf(alice));
    await client.refused('session_unknown', '/me');

    await lost.must('/logout');
    await lost.refused('session_unknown', '/me');
  });
}
