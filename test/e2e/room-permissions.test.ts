import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type SealedClient, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

const relations = ['stranger', 'pending', 'removed', 'banned', 'member', 'moderator', 'owner'] as const;
type Relation = (typeof relations)[number];

/** Short words for the codes, so that the table can be read at a glance. */
const codes: Readonly<Record<string, string>> = {
  'not in': 'not_a_member',
  waits: 'membership_pending',
  removed: 'removed_from_room',
  banned: 'banned_from_room',
  no: 'forbidden',
  unknown: 'room_unknown',
  input: 'invalid_input',
};

/** What comes of each operation for each relation to the room, in the order of `relations`. */
const byApproval = `
  send              not in  waits  removed  banned  ok      ok      ok
  list_messages     not in  waits  removed  banned  ok      ok      ok
  mark_read         not in  waits  removed  banned  ok      ok      ok
  set_typing        not in  waits  removed  banned  ok      ok      ok
  events            not in  waits  removed  banned  ok      ok      ok
  list_members      not in  waits  removed  banned  ok      ok      ok
  list_pending      not in  waits  removed  banned  no      ok      ok
  edit_theirs       not in  waits  removed  banned  no      ok      ok
  delete_theirs     not in  waits  removed  banned  no      ok      ok
  invite            not in  waits  removed  banned  no      ok      ok
  approve           not in  waits  removed  banned  no      ok      ok
  refuse            not in  waits  removed  banned  no      ok      ok
  remove_member     not in  waits  removed  banned  no      ok      ok
  remove_owner      not in  waits  removed  banned  no      no      no
  ban               not in  waits  removed  banned  no      ok      ok
  unban             not in  waits  removed  banned  no      ok      ok
  name_moderator    not in  waits  removed  banned  no      no      ok
  hand_over         not in  waits  removed  banned  no      no      ok
  join              ok      ok     ok       banned  ok      ok      ok
  leave             not in  ok     removed  banned  ok      ok      no
`;

/** In a room by invitation nobody waits: in that place stand those who were invited. */
const byInvitation = `
  send              unknown  not in  removed  banned  ok      ok      ok
  list_messages     unknown  not in  removed  banned  ok      ok      ok
  mark_read         unknown  not in  removed  banned  ok      ok      ok
  events            unknown  not in  removed  banned  ok      ok      ok
  list_members      unknown  not in  removed  banned  ok      ok      ok
  edit_theirs       unknown  not in  removed  banned  no      ok      ok
  invite            unknown  not in  removed  banned  no      ok      ok
  remove_member     unknown  not in  removed  banned  no      ok      ok
  name_moderator    unknown  not in  removed  banned  no      no      ok
  join              unknown  ok      removed  banned  ok      ok      ok
  leave             unknown  ok      removed  banned  ok      ok      no
`;

interface Row {
  readonly operation: string;
  readonly outcomes: readonly string[];
}

function rowsOf(table: string): Row[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [operation = '', ...outcomes] = line.trim().split(/ {2,}/);
      assert.equal(outcomes.length, relations.length, line);
      return { operation, outcomes };
    });
}

describe('who may do what in a room', () => {
  let server: TestServer;
  let owner: SealedClient;
  let actor: SealedClient;
  let bystander: SealedClient;
  let waiting: SealedClient;
  let rooms = 0;
  before(async () => {
    server = await startTestServer();
    [owner, actor, bystander, waiting] = await Promise.all([
      registered(server.url, 'owner'),
      registered(server.url, 'actor'),
      registered(server.url, 'bystander'),
      registered(server.url, 'waiting'),
    ]);
  });
  after(() => server.end());

  /** A room in which `actor` stands as the relation says, with a member, somebody waiting and a message. */
  async function roomWith(kind: 'approval' | 'invite', relation: Relation): Promise<string> {
    const founder = relation === 'owner' ? actor : owner;
    const name = `room ${++rooms}`;
    const { room } = await founder.must('/create_room', { room: name, kind });
    const enter = async (client: SealedClient, username: string): Promise<void> => {
      await founder.must('/invite_member', { room, username });
      await client.must('/join_room', { room });
    };
    await enter(bystander, 'bystander');
    if (kind === 'approval') await waiting.must('/join_room', { room });
    if (relation === 'pending') {
      if (kind === 'approval') await actor.must('/join_room', { room });
      else await founder.must('/invite_member', { room, username: 'actor' });
    }
    if (relation === 'member' || relation === 'moderator' || relation === 'removed')
      await enter(actor, 'actor');
    if (relation === 'moderator') {
      await founder.must('/set_role', { room, username: 'actor', role: 'moderator' });
    }
    await bystander.must('/send_message', { room, message: 'said by the bystander' });
    if (relation === 'removed') await founder.must('/remove_member', { room, username: 'actor' });
    if (relation === 'banned') await founder.must('/ban_member', { room, username: 'actor' });
    return String(room);
  }

  const operations: Record<string, (room: string) => [path: string, fields: object]> = {
    send: (room) => ['/send_message', { room, message: 'hello' }],
    list_messages: (room) => ['/list_messages', { room }],
    mark_read: (room) => ['/mark_read', { room, seq: 1 }],
    set_typing: (room) => ['/set_typing', { room, typing: true }],
    events: (room) => ['/events', { rooms: [room] }],
    list_members: (room) => ['/list_members', { room }],
    list_pending: (room) => ['/list_members', { room, state: 'pending' }],
    edit_theirs: (room) => ['/edit_message', { room, seq: 1, message: 'said otherwise' }],
    delete_theirs: (room) => ['/delete_message', { room, seq: 1 }],
    invite: (room) => ['/invite_member', { room, username: 'waiting' }],
    approve: (room) => ['/approve_member', { room, username: 'waiting' }],
    refuse: (room) => ['/refuse_member', { room, username: 'waiting', reason: 'no room' }],
    remove_member: (room) => ['/remove_member', { room, username: 'bystander' }],
    remove_owner: (room) => ['/remove_member', { room, username: 'owner' }],
    ban: (room) => ['/ban_member', { room, username: 'bystander' }],
    unban: (room) => ['/unban_member', { room, username: 'bystander' }],
    name_moderator: (room) => ['/set_role', { room, username: 'bystander', role: 'moderator' }],
    hand_over: (room) => ['/set_role', { room, username: 'bystander', role: 'owner' }],
    join: (room) => ['/join_room', { room }],
    leave: (room) => ['/leave_room', { room }],
  };

  for (const [kind, table] of [
    ['approval', byApproval],
    ['invite', byInvitation],
  ] as const) {
    for (const { operation, outcomes } of rowsOf(table)) {
      test(`${operation} in a room by ${kind}`, async () => {
        for (const [at, relation] of relations.entries()) {
          const outcome = outcomes[at] ?? '';
          const room = await roomWith(kind, relation);
          if (operation === 'unban') {
            const founder = relation === 'owner' ? actor : owner;
            await founder.must('/ban_member', { room, username: 'bystander' });
          }
          const [path, usual] = operations[operation]!(room);
          const isOwn = operation === 'remove_owner' && relation === 'owner';
          const fields = isOwn ? { room, username: 'actor' } : usual;
          const status = await statusOf(actor, path, fields);
          const expected = outcome === 'ok' ? 'ok' : codes[outcome];
          assert.equal(status, expected, `${operation} by ${relation}`);
        }
      });
    }
  }

  test('a room that one may not know of and one that is not there look the same', async () => {
    const hidden = await roomWith('invite', 'stranger');
    for (const [path, fields] of Object.values(operations).map((make) => make(hidden))) {
      const answers = [];
      for (const room of [hidden, 'there is no such room']) {
        const named = 'rooms' in fields ? { rooms: [room] } : { ...fields, room };
        const { status, body } = await actor.call(path, named);
        answers.push({ status, body });
      }
      assert.deepEqual(answers[0], answers[1], path);
    }
  });
});

/** The code of what came back, or `ok`; a stream is let go at once. */
async function statusOf(client: SealedClient, path: string, fields: object): Promise<string> {
  if (path !== '/events') {
    const { status, body } = await client.call(path, fields);
    return status === 200 ? 'ok' : String(body['code']);
  }
  const abort = new AbortController();
  const response = await fetch(`${client.url}${path}`, {
    method: 'POST',
    body: client.seal(path, fields),
    signal: abort.signal,
  });
  if (response.status === 200) {
    abort.abort();
    return 'ok';
  }
  const { status, body } = await client.call(path, fields);
  assert.equal(status, response.status);
  return String(body['code']);
}
