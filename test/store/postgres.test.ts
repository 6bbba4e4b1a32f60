import { newDatabase, skipWithoutPostgres } from '../support/postgres.ts';
import { openTestStore } from './postgres-under-test.ts';
import { storeContract } from './store-contract.ts';

storeContract(
  'PostgreSQL',
  async () => {
    const database = await newDatabase();
    const store = await openTestStore(database.url);
    return {
      store,
      end: async () => {
        await store.close();
        await database.drop();
      },
    };
  },
  skipWithoutPostgres,
);
