import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { StoreFailure, type Transaction } from '../../../src/core/store.ts';
import { openPostgresStore } from '../../../src/store/postgres/open.ts';
import {
  type TestDatabase,
  newDatabase,
  postgresMigrations,
  skipWithoutPostgres,
  testOptions,
} from '../../support/postgres.ts';
import { until } from '../../support/test-server.ts';
import { type Nodes, addRoom, addUser, countTo, newName, numbersIn, send, startNodes } from './nodes.ts';

/** Functions that get into each other's way. */
const functions = {
  putTwo: async (transaction: Transaction, [one, other]: [string, string]): Promise<void> => {
    await transaction.facts.put(one, Buffer.from('a'));
    await transaction.facts.put(other, Buffer.from('a'));
  },
  /** Reads a number, and writes the next: right only where nothing runs beside it. */
  countUp: async (transaction: Transaction, { name, claims }: { name: string; claims: boolean }) => {
    if (claims) await transaction.claim([name]);
    const next = Number((await transaction.facts.find(name))?.toString() ?? 0) + 1;
    await transaction.facts.put(name, Buffer.from(String(next)));
    return next;
  },
  lookAway: async (transaction: Transaction, name: string): Promise<void> => {
    await transaction.facts.put(name, Buffer.from('x'));
    await transaction.sessions
      .insertKey({
        id: 'k',
        sessionId: 'none',
        enc: 'A256GCM',
        sealedKey: Buffer.alloc(1),
        createdAt: 1,
        retiresAt: null,
        windowReserved: 0,
        sealsReserved: 0,
      })
      .catch(() => {});
  },
};

describe('calls side by side on PostgreSQL', { skip: skipWithoutPostgres }, () => {
  let database: TestDatabase;
  let nodes: Nodes;
  before(async () => {
    database = await newDatabase();
    nodes = await startNodes(2);
    await addUser(nodes.stores[0]!, 'ada');
    await addRoom(nodes.stores[0]!, 'room', 'ada');
  });
  after(async () => {
    await nodes.end();
    await database.drop();
  });

  const open = () =>
    openPostgresStore<typeof functions>({
      postgres: testOptions(database.url),
      migrationsFolder: postgresMigrations,
      isOneOfSeveral: true,
      functions,
      subjects: {
        putTwo: () => [],
        countUp: ({ name, claims }) => (claims ? [] : [name]),
        lookAway: () => [],
      },
    });

  test('are tried again when the server ends one of two that wait for each other', async () => {
    await database.query(`ALTER DATABASE ${database.name} SET deadlock_timeout = '300ms'`);
    const store = await open();
    const other = await database.connect();
    await other.query("SET deadlock_timeout = '60s'");
    const put = (name: string) =>
      other.query("INSERT INTO facts VALUES ($1, 'b') ON CONFLICT (name) DO UPDATE SET value = 'b'", [name]);
    await store.transact('putTwo', ['one', 'two']);
    await other.query('BEGIN');
    await put('two');
    const waiting = store.transact('putTwo', ['one', 'two']);
    await until(async () => {
      const waits = await database.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      );
      return waits.length > 0 ? true : undefined;
    }, 'a call that waits');
    await put('one');
    await other.query('COMMIT');
    await waiting;
    assert.equal((await store.read.facts.find('one'))?.toString(), 'a');
    await store.close();
  });

  test('see what those before them with the same subject wrote, named beforehand or claimed', async () => {
    const stores = await Promise.all([open(), open()]);
    for (const claims of [false, true]) {
      const name = `counter-${claims}`;
      const numbers = await Promise.all(
        countTo(60).map((at) => stores[at % 2]!.transact('countUp', { name, claims })),
      );
      assert.deepEqual(
        numbers.sort((one, other) => one - other),
        countTo(60),
      );
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  test('are not taken for done where the server has undone them, alone or among others', async () => {
    const store = await open();
    await assert.rejects(store.transact('lookAway', 'alone'), StoreFailure);
    const writers = countTo(8).map((at) => store.transact('putTwo', [`n${at}`, `m${at}`]));
    const among = countTo(8).map((at) => store.transact('lookAway', `among-${at}`));
    for (const each of await Promise.allSettled(among)) assert.equal(each.status, 'rejected');
    await Promise.all(writers);
    for (const at of countTo(8)) {
      assert.ok(await store.read.facts.find(`m${at}`));
      assert.equal(await store.read.facts.find(`among-${at}`), null);
    }
    assert.equal(await store.read.facts.find('alone'), null);
    await store.close();
  });

  test('do once what is asked under one idem on two nodes at once', async () => {
    for (const round of countTo(10)) {
      const idem = newName();
      const both = await Promise.allSettled(
        nodes.stores.map((store) => send(store, 'room', 'ada', `${round}`, idem)),
      );
      const done = both.filter(({ status }) => status === 'fulfilled').length;
      assert.equal(done, 1);
      for (const each of both) {
        if (each.status === 'rejected')
          assert.ok(each.reason instanceof Refusal && each.reason.code === 'busy');
      }
      assert.deepEqual(await numbersIn(nodes.stores[0]!, 'room'), countTo(round));
    }
  });

  test('refuse text that PostgreSQL cannot hold as bad input, in reading and in writing', async () => {
    const [store] = nodes.stores;
    const isBadInput = (error: unknown): boolean =>
      error instanceof Refusal && error.code === 'invalid_input';
    await assert.rejects(store!.read.users.byUsernameKey('a\0b'), isBadInput);
    const note = { now: 1, actor: 'console', action: 'notice', target: 'a\0b', details: {} };
    await assert.rejects(store!.transact('noteAction', note), isBadInput);
  });
});
