import { Refusal } from '../../src/core/errors.ts';
import type { Transaction, UserRow } from '../../src/core/store.ts';

/** Transaction functions that do what a store's contract has to bear. */
export function createTransactions(environment: { greeting: string }) {
  return {
    /** Any method of the transaction, by its name. */
    call: async (
      transaction: Transaction,
      { part, method, parameters }: { part: keyof Transaction; method: string; parameters: unknown[] },
    ): Promise<unknown> => {
      const methods = transaction[part] as unknown as Record<
        string,
        (...values: unknown[]) => Promise<unknown>
      >;
      return methods[method]!(...parameters);
    },
    deleteExpired: async (transaction: Transaction, limit: number): Promise<number> =>
      transaction.deleteExpired(
        {
          now: 1000,
          sessionsUsedBefore: 500,
          idempotencyBefore: 500,
          mailsSettledBefore: 500,
          guessesBefore: 500,
        },
        limit,
      ),
    insertUser: async (transaction: Transaction, row: UserRow): Promise<string> => {
      await transaction.users.insert(row);
      return row.id;
    },
    /** Two rows, or none. */
    insertPair: async (transaction: Transaction, name: string): Promise<void> => {
      await transaction.facts.put(`${name} first`, Buffer.from(name));
      await transaction.facts.put(`${name} second`, Buffer.from(name));
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
    returnFunction: async (transaction: Transaction): Promise<unknown> => {
      await transaction.facts.put('uncloneable', Buffer.from('x'));
      return () => {};
    },
    waitForSomething: async (transaction: Transaction): Promise<void> => {
      await transaction.facts.put('waited', Buffer.from('x'));
      await new Promise((resolve) => setImmediate(resolve));
      await transaction.facts.put('written late', Buffer.from('x'));
    },
    greet: async (): Promise<string> => environment.greeting,
  };
}

export type TestTransactions = ReturnType<typeof createTransactions>;
