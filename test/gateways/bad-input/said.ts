import type { TestServer } from '../../support/test-server.ts';

/** What was said in Général, oldest first. */
export async function textsOf(server: TestServer): Promise<string[]> {
  const { core, store } = server;
  const reader =
    (await store.read.users.byUsernameKey('reader')) ??
    (
      await core.createAccount('127.0.0.1', {
        username: 'reader',
        email: null,
        secret: { kind: 'password', password: 'a fine long secret' },
      })
    ).account;
  const caller = { userId: reader.id, sessionId: null, address: '127.0.0.1', client: 'test', claim: null };
  const newest = { afterSeq: null, beforeSeq: null, afterRevision: null, limit: 200 };
  const { messages } = await core.listMessages(caller, { place: { room: 'Général' }, ...newest });
  return messages.flatMap(({ text }) => text ?? []);
}
