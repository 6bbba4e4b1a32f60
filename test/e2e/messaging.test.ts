import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { type SealedClient, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

describe('messaging', () => {
  let server: TestServer;
  let ada: SealedClient;
  let bert: SealedClient;
  before(async () => {
    server = await startTestServer();
    ada = await registered(server.url, 'ada');
    bert = await registered(server.url, 'bert');
  });
  after(() => server.end());

  test('has the default rooms, and puts every account into Général', async () => {
    const { rooms } = await ada.must('/list_rooms');
    const shown = (rooms as unknown as { name: string; kind: string; state: string; members: number }[]).map(
      ({ name, kind, state }) => [name, kind, state],
    );
    assert.deepEqual(shown, [
      ['Général', 'approval', 'member'],
      ['Blabla', 'open', 'none'],
      ['Comptabilité', 'approval', 'none'],
      ['Informatique', 'approval', 'none'],
      ['Marketing', 'approval', 'none'],
    ]);
  });

  test('carries a direct message to who listens, and keeps it for who does not', async () => {
    const listening = await EventReader.open(bert);
    const sent = await ada.must('/send_message', { to: 'Bert', message: 'hello, Bert' });
    const event = await listening.next('message');
    assert.equal(event['message'], 'hello, Bert');
    assert.equal(event['with'], 'ada');
    assert.equal(event['from'], 'ada');
    assert.equal(event['id'], sent['id']);
    listening.close();
    await ada.must('/send_message', { to: 'bert', message: 'still there?' });
    const { messages } = await bert.must('/list_messages', { with: 'ada' });
    assert.deepEqual(
      (messages as unknown as { message: string; seq: number; with: string }[]).map((m) => [
        m.seq,
        m.message,
        m.with,
      ]),
      [
        [1, 'hello, Bert', 'ada'],
        [2, 'still there?', 'ada'],
      ],
    );
  });

  test('edits and deletes, and tells who was away', async () => {
    const room = String((await ada.must('/create_room', { room: 'Werkstatt', kind: 'open' }))['room']);
    await bert.must('/join_room', { room: 'werkstatt' });
    for (const message of ['one', 'two', 'three']) await ada.must('/send_message', { room, message });
    const events = await EventReader.open(bert, { rooms: [room] });
    await ada.must('/edit_message', { room, seq: 2, message: 'zwei' });
    await ada.must('/delete_message', { room, seq: 3 });
    assert.equal((await events.next('message'))['message'], 'zwei');
    assert.equal((await events.next('message'))['deleted'], true);
    events.close();
    const { messages } = await bert.must('/list_messages', { room, after_revision: 0 });
    assert.deepEqual(
      (messages as unknown as { message: string | null; seq: number; revision: number }[]).map((m) => [
        m.seq,
        m.message,
        m.revision,
      ]),
      [
        [2, 'zwei', 1],
        [3, null, 2],
      ],
    );
    await bert.refused('forbidden', '/edit_message', { room, seq: 1, message: 'not mine' });
    // Who joined later does not learn that there were changes before.
    const late = await registered(server.url, 'late');
    await late.must('/join_room', { room });
    await ada.must('/send_message', { room, message: 'four' });
    await ada.must('/edit_message', { room, seq: 4, message: 'vier' });
    const page = await late.must('/list_messages', { room, after_revision: 0, limit: 1 });
    assert.deepEqual(
      [(page['messages'] as unknown as { seq: number }[]).map(({ seq }) => seq), page['has_more']],
      [[4], false],
    );
  });
});
