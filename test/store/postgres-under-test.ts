import { type PostgresStore, openPostgresStore } from '../../src/store/postgres/open.ts';
import type { PostgresOptions } from '../../src/store/postgres/options.ts';
import { postgresMigrations, testOptions } from '../support/postgres.ts';
import { type TestTransactions, createTransactions } from './transactions-under-test.ts';

/** A store for the contract's functions, which claim nothing. */
export function openTestStore(
  url: string,
  changes: Partial<PostgresOptions> = {},
  waiting?: number,
): Promise<PostgresStore<TestTransactions>> {
  const functions = createTransactions({ greeting: 'hello' });
  const subjects = Object.fromEntries(Object.keys(functions).map((name) => [name, () => []]));
  return openPostgresStore<TestTransactions>({
    postgres: testOptions(url, changes),
    migrationsFolder: postgresMigrations,
    isOneOfSeveral: true,
    functions,
    subjects: subjects as never,
    ...(waiting === undefined ? {} : { waiting }),
  });
}
