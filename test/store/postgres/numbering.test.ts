import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { subject } from '../../../src/core/transaction-subjects.ts';
import { lockNumber } from '../../../src/store/postgres/subject-locks.ts';
import { skipWithoutPostgres } from '../../support/postgres.ts';
import { type Nodes, addRoom, addUser, countTo, join, numbersIn, send, startNodes } from './nodes.ts';

describe('rooms of several nodes on PostgreSQL', { skip: skipWithoutPostgres }, () => {
  let nodes: Nodes;
  const quiet = countTo(50).map((at) => `quiet-${at}`);
  before(async () => {
    nodes = await startNodes(3);
    const [store] = nodes.stores;
    await addUser(store!, 'ada');
    await addUser(store!, 'bert');
    for (const room of ['hot', 'locked', 'direct', ...quiet]) await addRoom(store!, room, 'ada');
  });
  after(() => nodes.end());

  const node = (at: number) => nodes.stores[at % nodes.stores.length]!;

  test('number 2,000 messages of a hot one and those of 50 others without a gap', async () => {
    const hot = countTo(2_000).map(async (at) => send(node(at), 'hot', 'ada', `${at}`));
    const others = quiet.flatMap((room) =>
      countTo(6).map(async (at) => send(node(at), room, 'ada', `${at}`)),
    );
    const sent = await Promise.all(hot);
    await Promise.all(others);
    const numbers = sent.map(({ seq }) => seq).sort((one, other) => one - other);
    assert.deepEqual(numbers, countTo(2_000), 'every number was given once');
    for (const store of nodes.stores) assert.deepEqual(await numbersIn(store, 'hot'), countTo(2_000));
    for (const room of quiet) assert.deepEqual(await numbersIn(node(0), room), countTo(6), room);
    const shared = nodes.stores.map(({ counts }) => counts.calls / counts.commits);
    assert.ok(Math.max(...shared) > 5, `calls share commits: ${shared.join(', ')}`);
  });

  test('show a message to nobody before those with smaller numbers', async () => {
    let isOver = false;
    const watch = async (): Promise<void> => {
      while (!isOver) {
        const numbers = await numbersIn(node(2), 'direct');
        assert.deepEqual(numbers, countTo(numbers.length));
      }
    };
    const watching = watch();
    await Promise.all(countTo(200).map((at) => send(node(at), 'direct', 'ada', `${at}`)));
    isOver = true;
    await watching;
    assert.deepEqual(await numbersIn(node(1), 'direct'), countTo(200));
  });

  test('go on where one of them is held up, and reading is never held up', async () => {
    const holder = await nodes.database.connect();
    await holder.query(`BEGIN; SELECT pg_advisory_xact_lock(${lockNumber(subject.room('locked'))})`);
    let isHeld = true;
    const blocked = Promise.all(
      countTo(300).map(async (at) => {
        await send(node(0), 'locked', 'ada', `${at}`);
        assert.ok(!isHeld, 'it waited');
      }),
    );
    await Promise.all(quiet.map((room) => send(node(0), room, 'ada', 'beside')));
    assert.equal((await numbersIn(node(0), 'locked')).length, 0);
    isHeld = false;
    await holder.query('COMMIT');
    await blocked;
    assert.deepEqual(await numbersIn(node(0), 'locked'), countTo(300));
  });

  test('refuse in time what waits for one that is held up for long', async () => {
    const holder = await nodes.database.connect();
    await addRoom(node(0), 'stuck', 'ada');
    await holder.query(`BEGIN; SELECT pg_advisory_xact_lock(${lockNumber(subject.room('stuck'))})`);
    const short = await import('./nodes.ts').then(({ openNode }) =>
      openNode(nodes.database.url, { statement: 50 }),
    );
    await assert.rejects(
      send(short, 'stuck', 'ada', 'never'),
      (error) => error instanceof Refusal && error.code === 'busy',
    );
    await holder.query('COMMIT');
    await short.close();
    assert.deepEqual(await numbersIn(node(0), 'stuck'), []);
  });

  test('take no message of a member after the removal', async () => {
    for (const round of countTo(8)) {
      const room = `leaving-${round}`;
      await addRoom(node(0), room, 'ada');
      await join(node(0), room, 'bert');
      const action =
        round % 2 === 0
          ? ({ kind: 'remove', reason: null } as const)
          : ({ kind: 'ban', reason: null, until: null } as const);
      const sends = countTo(30).map((at) =>
        send(node(at), room, 'bert', `${at}`).then(() => true, isRefused),
      );
      const removal = node(1).transact('moderateMember', {
        now: 1_800_000_000_000,
        claim: null,
        userId: 'ada',
        room: { id: room, nameKey: room },
        usernameKey: 'bert',
        action,
      });
      const more = countTo(30).map((at) => send(node(at), room, 'bert', `${at}`).then(() => true, isRefused));
      await removal;
      const { lastSeq = 0 } = (await node(2).read.rooms.byId(room)) ?? {};
      const sent = (await Promise.all([...sends, ...more])).filter(Boolean).length;
      assert.equal(lastSeq, sent, 'what was there at the removal is all there ever is');
      assert.deepEqual(await numbersIn(node(0), room), countTo(sent));
    }
  });

  test('open the direct room of two once, whoever writes first', async () => {
    const to = (usernameKey: string, roomId: string) => ({ kind: 'user', usernameKey, roomId }) as const;
    const base = { now: 1, claim: null, text: 'hello' };
    const sent = await Promise.all(
      countTo(20).map((at) =>
        node(at).transact(
          'sendMessage',
          at % 2 === 0
            ? { ...base, userId: 'ada', to: to('bert', `pair-${at}`) }
            : { ...base, userId: 'bert', to: to('ada', `pair-${at}`) },
        ),
      ),
    );
    assert.equal(new Set(sent.map(({ roomId }) => roomId)).size, 1);
    assert.deepEqual(
      sent.map(({ seq }) => seq).sort((one, other) => one - other),
      countTo(20),
    );
    assert.equal(sent.filter(({ opened }) => opened.length > 0).length, 1);
  });

  test('count everybody who joins and leaves, by whatever name they call the room', async () => {
    await addRoom(node(0), 'lively', 'ada');
    const users = countTo(12).map((at) => `guest-${at}`);
    for (const user of users) await addUser(node(0), user);
    const reference = (at: number) =>
      at % 2 === 0 ? { id: 'lively', nameKey: 'lively' } : { id: 'LIVELY', nameKey: 'lively' };
    await Promise.all(
      users.map(async (userId, at) => {
        const room = reference(at);
        await node(at).transact('joinRoom', { now: 1, claim: null, userId, room });
        if (at % 3 === 0) await node(at + 1).transact('leaveRoom', { now: 1, claim: null, userId, room });
      }),
    );
    assert.equal((await node(0).read.rooms.byId('lively'))?.members, 1 + users.length - users.length / 3);
  });

  test('keep the audit log in one chain', async () => {
    const note = { now: 1, actor: 'console', action: 'notice', target: 'x', details: {} };
    const before = (await node(0).read.audit.last())?.seq ?? 0;
    const numbers = await Promise.all(countTo(40).map((at) => node(at).transact('noteAction', note)));
    assert.deepEqual(
      numbers.sort((one, other) => one - other),
      countTo(40).map((at) => before + at),
    );
    let previous = (await node(0).read.audit.after(before - 1, 1))[0]?.hash ?? Buffer.alloc(32);
    for (const row of await node(0).read.audit.after(before, 100)) {
      assert.ok(row.previousHash.equals(previous) || before === 0);
      previous = row.hash;
    }
  });
});

function isRefused(error: unknown): false {
  assert.ok(error instanceof Refusal, String(error));
  return false;
}
