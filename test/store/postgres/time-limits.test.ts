import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { StoreFailure, type Transaction } from '../../../src/core/store.ts';
import { type PostgresStore, openPostgresStore } from '../../../src/store/postgres/open.ts';
import {
  type TestDatabase,
  newDatabase,
  postgresMigrations,
  skipWithoutPostgres,
  testOptions,
} from '../../support/postgres.ts';
import { until } from '../../support/test-server.ts';
import { countTo } from './nodes.ts';

interface Put {
  readonly name: string;
  readonly claim: { readonly idem: string } | null;
}

const functions = {
  put: async (transaction: Transaction, { name }: Put): Promise<void> => {
    await transaction.facts.put(name, Buffer.from('x'));
  },
};

const isBusy = (error: unknown): boolean =>
  error instanceof Refusal && error.code === 'busy' && (error.members.retryAfter ?? 0) > 0;

describe('a statement that takes too long on PostgreSQL', { skip: skipWithoutPostgres }, () => {
  let database: TestDatabase;
  let store: PostgresStore<typeof functions>;
  before(async () => {
    database = await newDatabase();
    store = await openPostgresStore<typeof functions>({
      postgres: testOptions(database.url, { statement: 300 }),
      migrationsFolder: postgresMigrations,
      isOneOfSeveral: true,
      functions,
      subjects: { put: () => [] },
    });
    await database.query(
      `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NEW; END';
       CREATE TRIGGER at_once BEFORE INSERT ON facts FOR EACH ROW WHEN (NEW.name LIKE 'slow%') EXECUTE FUNCTION dawdle();
       CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON facts DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.name LIKE 'late%') EXECUTE FUNCTION dawdle()`,
    );
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  const put = (name: string, claim: Put['claim'] = null) => store.transact('put', { name, claim });

  test('was not done, and may be asked for again, alone or among others', async () => {
    await assert.rejects(put('slow'), isBusy);
    const slow = countTo(4).map((at) => put(`slow-${at}`));
    const others = countTo(8).map((at) => put(`quick-${at}`));
    for (const { status, ...rest } of await Promise.allSettled(slow))
      assert.ok(status === 'rejected' && 'reason' in rest && isBusy(rest.reason));
    await Promise.all(others);
    assert.equal((await database.query("SELECT FROM facts WHERE name LIKE 'slow%'")).length, 0);
  });

  test('may be asked for again where it only read', async () => {
    const holder = await database.connect();
    await holder.query('BEGIN; LOCK TABLE facts');
    await assert.rejects(store.read.facts.find('quick-1'), isBusy);
    await holder.query('COMMIT');
    assert.ok(await store.read.facts.find('quick-1'));
  });

  test('is not known to be done or undone where an admin ended it in the commit', async () => {
    const cancelled = async (putting: Promise<void>): Promise<unknown> => {
      const outcome = putting.then(
        () => assert.fail('it was cancelled'),
        (error: unknown) => error,
      );
      await until(async () => {
        const [row] = await database.query(
          "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'",
        );
        return row;
      }, 'a commit under way');
      return outcome;
    };
    const claimed = await cancelled(put('late-1', { idem: 'one' }));
    assert.ok(claimed instanceof Refusal && claimed.code === 'busy');
    assert.match(String(claimed.members.detail), /not known whether it was done/);
    const unclaimed = await cancelled(put('late-2'));
    assert.ok(unclaimed instanceof StoreFailure);
    assert.match(String(unclaimed.cause), /nobody knows/);
  });
});
