import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type SealedClient, passwordOf, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';
import { skipWithoutFiles } from '../support/server-database.ts';

describe('what is kept of messages', () => {
  let server: TestServer;
  let ada: SealedClient;
  let bert: SealedClient;
  before(async () => {
    server = await startTestServer();
    ada = await registered(server.url, 'ada');
    bert = await registered(server.url, 'bert');
  });
  after(() => server.end());

  const textsOf = async (client: SealedClient, room: string): Promise<(string | null)[]> => {
    const { messages } = await client.must('/list_messages', { room, limit: 200 });
    return (messages as unknown as { message: string | null }[]).map(({ message }) => message);
  };

  test('is in no file of the database in the clear', { skip: skipWithoutFiles }, async () => {
    const secret = 'a sentence that nobody else would ever write';
    await ada.must('/send_message', { to: 'bert', message: secret });
    await ada.must('/send_message', { to: 'bert', message: 'before' });
    const [room] = (await ada.must('/list_rooms'))['rooms'] as unknown as {
      id: string;
      with: string | null;
    }[];
    assert.ok(room);
    const folder = path.join(server.folder, 'data');
    const files = readdirSync(folder).filter((file) => file.startsWith('letterlock.db'));
    assert.ok(files.length >= 2);
    for (const file of files) assert.ok(!readFileSync(path.join(folder, file)).includes(secret), file);
  });

  test('can be sealed anew under another key, while people write, and over a restart', async () => {
    const room = String((await ada.must('/create_room', { room: 'rotating', kind: 'open' }))['room']);
    for (let from = 0; from < 300; from += 50) {
      const some = Array.from({ length: 50 }, (_, at) => `old ${from + at}`);
      await Promise.all(some.map((message) => ada.must('/send_message', { room, message })));
    }
    await ada.must('/edit_message', { room, seq: 7, message: 'edited' });
    await ada.must('/delete_message', { room, seq: 8 });
    const before = await textsOf(ada, room);
    assert.equal(await server.core.keyRotation.rotate('console'), 2);
    // In the middle of it: some hang on the old key, some on the new.
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => ada.must('/send_message', { room, message: `new ${at}` })),
    );
    server = await server.restart();
    ada = Object.assign(ada, { url: server.url, seq: ada.seq + 5_000 });
    bert = Object.assign(bert, { url: server.url, seq: bert.seq + 5_000 });
    await server.core.keyRotation.settled();
    const keys = await server.store.read.dataKeys.all();
    assert.deepEqual(
      keys.map(({ version, sealedKey, retiredAt }) => [version, sealedKey === null, retiredAt !== null]),
      [
        [1, true, true],
        [2, false, false],
      ],
    );
    assert.equal((await server.store.read.messages.underKey(1, 1)).length, 0);
    const after = await textsOf(ada, room);
    assert.equal(after.length, 200);
    assert.deepEqual(after.slice(0, 180), before.slice(20));
    await ada.must('/send_message', { room, message: 'under the new key' });
    assert.equal((await textsOf(ada, room)).at(-1), 'under the new key');
  });

  test('is given back to its sender, a part at a time', async () => {
    const clara = await registered(server.url, 'clara');
    const room = String((await clara.must('/create_room', { room: 'notes', kind: 'invite' }))['room']);
    const long = 'x'.repeat(60_000);
    for (let at = 1; at <= 40; at++) await clara.must('/send_message', { room, message: `${at} ${long}` });
    const password = passwordOf('clara');
    await server.core.upkeep.run();
    const first = await clara.must('/export_account', { password });
    const rest = await clara.must('/export_account', { password, after: first['next'] });
    const seqs = [first, rest].flatMap(({ messages }) =>
      (messages as unknown as { seq: number; message: string }[]).map(({ seq, message }) => {
        assert.ok(message.startsWith(`${seq} `));
        return seq;
      }),
    );
    assert.deepEqual(
      seqs,
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    assert.equal(rest['next'], null);
    assert.ok((first['addresses'] as unknown as unknown[]).length > 0);
    assert.deepEqual(
      (first['rooms'] as unknown as { room_name: string }[]).map(({ room_name }) => room_name).toSorted(),
      ['Général', 'notes'],
    );
  });

  test('stays when an account ends, under no name, and rooms get another owner', async () => {
    const dora = await registered(server.url, 'dora');
    const room = String((await dora.must('/create_room', { room: 'inherited', kind: 'open' }))['room']);
    for (const client of [ada, bert]) await client.must('/join_room', { room });
    await dora.must('/set_role', { room, username: 'bert', role: 'moderator' });
    await dora.must('/send_message', { room, message: 'remember me' });
    await dora.must('/send_message', { to: 'ada', message: 'good bye' });
    await dora.must('/delete_account', { password: passwordOf('dora') });
    const { messages } = await ada.must('/list_messages', { room });
    const [message] = messages as unknown as { from: string; message: string }[];
    assert.deepEqual([message?.from, message?.message], ['deleted user', 'remember me']);
    const { members } = await ada.must('/list_members', { room });
    const roles = (members as unknown as { username: string; role: string }[]).map(({ username, role }) => [
      username,
      role,
    ]);
    assert.deepEqual(
      new Map(roles as [string, string][]),
      new Map([
        ['ada', 'member'],
        ['bert', 'owner'],
      ]),
    );
    const { rooms } = await ada.must('/list_rooms');
    const direct = (rooms as unknown as { id: string; with: string | null }[]).find(
      (each) => each.with === 'deleted user',
    );
    assert.ok(direct);
    assert.deepEqual(await textsOf(ada, direct.id), ['good bye']);
    // Somebody else who takes the name is somebody else.
    const again = await registered(server.url, 'dora', { email: 'other@example.org' });
    assert.deepEqual((await again.must('/list_messages', { with: 'ada' }))['messages'], []);
  });

  test('ends with what an attacker asks for: sizes, surrogates, numbers', async () => {
    const to = 'bert';
    for (const message of ['', 'x'.repeat(65_537), 'ü'.repeat(32_769), '\ud800', 'a\udc00b']) {
      const { body } = await ada.refused('invalid_input', '/send_message', { to, message });
      assert.ok(body['errors']?.['message'], JSON.stringify(body));
    }
    await ada.must('/send_message', { to, message: 'ü'.repeat(32_768) });
    await ada.refused('invalid_input', '/send_message', { to: 'ada', message: 'to myself' });
    await ada.refused('user_unknown', '/send_message', { to: 'nobody', message: 'hello' });
    await ada.refused('invalid_input', '/send_message', { to, room: 'Général', message: 'both' });
    for (const limit of [-5, 0, 1e9, 0.5]) {
      const { messages } = await ada.must('/list_messages', { with: 'bert', limit });
      assert.ok((messages as unknown as unknown[]).length <= 200);
    }
    assert.deepEqual((await ada.must('/list_messages', { with: 'bert', after_seq: 1e300 }))['messages'], []);
    assert.equal(
      (
        (await ada.must('/list_messages', { with: 'bert', before_seq: -1 }))[
          'messages'
        ] as unknown as unknown[]
      ).length,
      0,
    );
    for (const name of [
      '',
      ' padded',
      'a  b',
      'tab\there',
      'rtl \u202e',
      'x'.repeat(61),
      '\u0007bell',
      '...',
    ]) {
      await ada.refused('invalid_input', '/create_room', { room: name, kind: 'open' });
    }
    await ada.must('/create_room', { room: 'Straße', kind: 'open' });
    await ada.refused('room_taken', '/create_room', { room: 'STRASSE', kind: 'open' });
  });
});
