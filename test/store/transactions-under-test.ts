import { Refusal } from '../../src/core/errors.ts';
import type { Expiry, Transaction, UserRow } from '../../src/core/store.ts';

/** The parts of a transaction that have methods. */
export type Part = Exclude<keyof Transaction, 'deleteExpired' | 'claim'>;

/** Transaction functions that do what a store's contract has to bear. */
export function createTransactions(environment: { greeting: string }) {
  return {
    /** Any method of the transaction, by its name. */
    call: async (
      transaction: Transaction,
      { part, method, parameters }: { part: Part; method: string; parameters: unknown[] },
    ): Promise<unknown> => {
      const methods = transaction[part] as unknown as Record<
        string,
        (...values: unknown[]) => Promise<unknown>
      >;
      return methods[method]!(...parameters);
    },
    deleteExpired: async (
      transaction: Transaction,
      { expiry, limit }: { expiry: Expiry; limit: number },
    ): Promise<number> => transaction.deleteExpired(expiry, limit),
    insertUser: async (transaction: Transaction, row: UserRow): Promise<string> => {
      await transaction.users.insert(row);
      return row.id;
    },
    /** Two rows, or none. */
    insertPair: async (transaction: Transaction, name: string): Promise<void> => {
      await transaction.facts.put(`${name} first`, Buffer.from(name));
      await transaction.facts.put(`${name} second`, Buffer.from(name));
    },
    /** What it reads of its own writes. */
    writeThenRead: async (transaction: Transaction, row: UserRow): Promise<(UserRow | null)[]> => {
      const before = await transaction.users.byId(row.id);
      await transaction.users.insert(row);
      return [before, await transaction.users.byId(row.id)];
    },
    writeThenRefuse: async (transaction: Transaction): Promise<void> => {
      await transaction.facts.put('refused', Buffer.from('x'));
      throw new Refusal('code_wrong', {
        attemptsLeft: 3,
        detail: 'no',
        errors: { a: 'b' },
        retryAfter: 4,
        nextSeq: 5,
      });
    },
    writeThenFail: async (transaction: Transaction): Promise<void> => {
      await transaction.facts.put('failed', Buffer.from('x'));
      throw new Error('a bug');
    },
    /** Fails while other writes of its own are still on their way. */
    failBesideWrites: async (transaction: Transaction): Promise<void> => {
      const twice = async (): Promise<void> => {
        await transaction.facts.put('beside one', Buffer.from('x'));
        await transaction.facts.put('beside two', Buffer.from('x'));
      };
      await Promise.all([twice(), Promise.reject(new Error('a bug'))]);
    },
    /** Forgets to await what it writes. */
    returnBesideWrites: async (transaction: Transaction): Promise<void> => {
      void transaction.facts.put('forgotten', Buffer.from('x'));
    },
    returnFunction: async (transaction: Transaction): Promise<unknown> => {
      await transaction.facts.put('uncloneable', Buffer.from('x'));
      return () => {};
    },
    waitForSomething: async (transaction: Transaction): Promise<void> => {
      await transaction.facts.put('waited', Buffer.from('x'));
      await new Promise((resolve) => setImmediate(resolve));
      await transaction.facts.put('written late', Buffer.from('x'));
    },
    /** Ends whatever runs it: on SQLite the writer thread. */
    endThread: async (transaction: Transaction): Promise<void> => {
      await transaction.facts.put('last words', Buffer.from('x'));
      process.exit(7);
    },
    greet: async (): Promise<string> => environment.greeting,
    echo: async (_: Transaction, input: unknown): Promise<unknown> => input,
  };
}

export type TestTransactions = ReturnType<typeof createTransactions>;
