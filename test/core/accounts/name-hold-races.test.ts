import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { passwordSecret } from '../../../src/core/accounts/secret.ts';
import { passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';

const address = '192.0.2.1';

describe('a name that is being taken', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.end());

  /** Begins what takes a name, and looks what a hold on it comes to before that is committed. */
  async function heldMeanwhile(name: string, take: () => Promise<unknown>): Promise<unknown> {
    const { store, core } = server;
    const transact = store.transact.bind(store);
    let outcome: unknown = null;
    store.transact = (async (...call: Parameters<typeof transact>) => {
      if (!['registerUser', 'changeUsername'].includes(call[0])) return transact(...call);
      store.transact = transact;
      outcome = await core.names.hold(address, name).then(
        (hold) => hold,
        (error: unknown) => error,
      );
      return transact(...call);
    }) as typeof store.transact;
    await take();
    return outcome;
  }

  const ways: Record<string, (name: string) => Promise<() => Promise<unknown>>> = {
    'an account': async (username) => () =>
      server.core.createAccount(address, {
        username,
        email: null,
        secret: passwordSecret('a fine long one'),
      }),
    'a guest': async (name) => () => server.core.guests.enter(name, address),
    'a renaming': async (newUsername) => {
      await registered(server.url, `old${newUsername}`);
      const { id } = (await server.store.read.users.byUsernameKey(`old${newUsername}`))!;
      const caller = { userId: id, sessionId: null, address, client: 'test', claim: null };
      const change = { newUsername, password: passwordOf(`old${newUsername}`) };
      return () => server.core.changeUsername(caller, change);
    },
  };
  for (const [at, [what, begin]] of Object.entries(ways).entries()) {
    test(`by ${what} is held for nobody else`, async () => {
      const name = `taken${at}`;
      const take = await begin(name);
      const outcome = await heldMeanwhile(name, take);
      assert.equal((outcome as { code?: string }).code, 'username_taken');
      assert.notEqual(await server.store.read.users.byUsernameKey(name), null);
    });
  }

  test('and is not, in the end, can be held again', async () => {
    const { store, core } = server;
    const transact = store.transact.bind(store);
    store.transact = () => {
      store.transact = transact;
      return Promise.reject(new Error('no room on the disk'));
    };
    await assert.rejects(core.guests.enter('nearly', address), /no room/);
    core.names.release(await core.names.hold(address, 'nearly'));
  });
});
