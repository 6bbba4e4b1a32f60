import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Json, registered } from '../support/sealed-client.ts';
import { startTestServer, until } from '../support/test-server.ts';

test('a key that was owed shows in /me once it is there', async () => {
  // Large ones take a while, so that nobody has been given one yet.
  const server = await startTestServer({ RSA_BITS: '4096' });
  try {
    const ada = await registered(server.url, 'ada');
    const keyIds = async () => ((await ada.must('/me'))['user'] as Json)['key_ids'] as unknown as string[];
    await keyIds();
    const ids = await until(async () => (await keyIds()).find(Boolean), 'the first key');
    assert.match(ids, /^[A-Za-z0-9_-]{43}$/);
  } finally {
    await server.end();
  }
});
