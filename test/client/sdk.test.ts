import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  LetterlockError,
  connect,
  createUserKey,
  openMessage,
  sealMessageFor,
} from '../../src/client/index.ts';
import { emailOf, passwordOf } from '../support/sealed-client.ts';
import { type TestServer, codeIn, startTestServer } from '../support/test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.end());

const registration = (username: string) => ({
  username,
  email: emailOf(username),
  password: passwordOf(username),
});
const credentials = (username: string) => ({ email: emailOf(username), password: passwordOf(username) });
const withCode = (code: string) => (error: unknown) =>
  error instanceof LetterlockError && error.code === code;

describe('the SDK', () => {
  test('has a method for every endpoint', async () => {
    const name = 'sdk';
    const client = await connect({ url: server.url });
    assert.equal((await client.register(registration(name))).username, name);
    const me = await client.me();
    assert.equal(me.sessions.length, 1);
    assert.equal(await client.decrypt(await client.encryptFor(name, 'schön')), 'schön');
    const second = await connect({ url: server.url });
    await second.login(credentials(name));
    const sessions = await client.listSessions();
    assert.equal(sessions.length, 2);
    const other = sessions.find(({ current }) => !current);
    await client.revokeSession(other?.session_id ?? '');
    await assert.rejects(second.me(), withCode('session_unknown'));
    assert.equal(
      (await client.changeUsername({ newUsername: `${name}.b`, password: passwordOf(name) })).username,
      `${name}.b`,
    );
    const kid = await client.rotateUserKey({ password: passwordOf(name) });
    const keys = await client.publicKeys(`${name}.b`);
    assert.deepEqual([keys.length, keys[0]?.kid], [2, kid]);
    await client.changeEmail({ password: passwordOf(name), email: `new-${name}@example.org` });
    const changed = await client.confirmChangeEmail(codeIn(await server.mailTo(`new-${name}@example.org`)));
    assert.equal(changed.email, `new-${name}@example.org`);
    await client.changePassword({ password: passwordOf(name), newPassword: 'entirely different words' });
    const exported = await client.exportAccount('entirely different words');
    assert.deepEqual([exported.user.email, exported.keys.length], [changed.email, 2]);
    assert.match(exported.keys[0]?.private_key ?? '', /BEGIN PRIVATE KEY/);

    const lost = await connect({ url: server.url });
    await lost.forgotPassword(changed.email);
    // The first two mails were the code for the new address and the notice of the new password.
    await lost.confirmForgotPassword(codeIn(await server.mailTo(changed.email, 2)));
    await lost.finishForgotPassword('remembered this time');
    assert.equal((await lost.me()).username, `${name}.b`);
    await lost.deleteAccount('remembered this time');
    await assert.rejects(
      lost.login({ email: changed.email, password: 'remembered this time' }),
      withCode('wrong_credentials'),
    );
    await lost.logout();
  });

  test('works without AEAD', async () => {
    const client = await connect({ url: server.url, enc: 'A256CBC-HS512' });
    await client.register(registration('cbc'));
    await client.rotate();
    assert.equal(await client.decrypt(await client.encryptFor('cbc', 'schön')), 'schön');
  });

  test('opens messages for a user who holds their own key', async () => {
    const key = await createUserKey({ bits: 2048 });
    const holder = await connect({ url: server.url });
    await holder.register({ ...registration('holder'), publicKey: key.publicKey });
    const sealed = await holder.encryptFor('holder', 'for my eyes only');
    await assert.rejects(holder.decrypt(sealed), withCode('key_held_by_user'));
    assert.equal(await openMessage(sealed, key.privateKey), 'for my eyes only');
    const [published] = await holder.publicKeys('holder');
    assert.ok(published);
    assert.equal(await openMessage(await sealMessageFor(published, 'unseen'), key.privateKey), 'unseen');
    await assert.rejects(
      openMessage(`${sealed.slice(0, -2)}AA`, key.privateKey),
      withCode('message_rejected'),
    );
  });

  test('keeps requests side by side apart', async () => {
    const client = await connect({ url: server.url });
    await client.register(registration('busy'));
    const texts = Array.from({ length: 40 }, (_, at) => `text ${at}`);
    const sealed = await Promise.all(texts.map((text) => client.encryptFor('busy', text)));
    assert.deepEqual(await Promise.all(sealed.map((each) => client.decrypt(each))), texts);
  });

  test('refuses a server with another identity than the pinned one', async () => {
    await assert.rejects(
      connect({ url: server.url, identity: 'somebody-else' }),
      withCode('identity_changed'),
    );
  });

  test('tells what is wrong by code, field by field', async () => {
    const client = await connect({ url: server.url });
    await assert.rejects(
      client.register({ username: 'a b', email: 'x@example.org', password: 'long enough for it' }),
      (error) =>
        error instanceof LetterlockError && error.code === 'invalid_input' && 'username' in error.errors,
    );
  });
});
