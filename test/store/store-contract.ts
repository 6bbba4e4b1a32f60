import { after, before, describe } from 'node:test';
import type { Store, Transaction } from '../../src/core/store.ts';
import { accountRowsContract } from './contract/account-rows.ts';
import { atomicityContract } from './contract/atomicity.ts';
import { cleanUpContract } from './contract/clean-up.ts';
import { linkRowsContract } from './contract/link-rows.ts';
import { nearnessContract } from './contract/nearness.ts';
import { passingRowsContract } from './contract/passing-rows.ts';
import { workOfNodesContract } from './contract/work-of-nodes.ts';
import type { Part, TestTransactions } from './transactions-under-test.ts';

type ParametersOf<Method> = Method extends (...parameters: infer Parameters) => unknown ? Parameters : never;
type ResultOf<Method> = Method extends (...parameters: never[]) => Promise<infer Result> ? Result : never;

/** What the contract's tests work with. */
export interface StoreUnderTest {
  readonly store: Store<TestTransactions>;
  /** One method of the transaction, in a transaction of its own. */
  readonly call: <P extends Part, M extends keyof Transaction[P] & string>(
    part: P,
    method: M,
    ...parameters: ParametersOf<Transaction[P][M]>
  ) => Promise<ResultOf<Transaction[P][M]>>;
}

/** What every store has to do, whatever it stands on. */
export function storeContract(
  name: string,
  open: () => Promise<{ store: Store<TestTransactions>; end: () => Promise<void> }>,
  skip: string | false = false,
): void {
  describe(`the store on ${name}`, { skip }, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    before(async () => {
      opened = await open();
    });
    after(() => opened.end());
    const underTest: StoreUnderTest = {
      get store() {
        return opened.store;
      },
      call: (part, method, ...parameters) =>
        opened.store.transact('call', { part, method, parameters }) as never,
    };
    accountRowsContract(underTest);
    passingRowsContract(underTest);
    linkRowsContract(underTest);
    nearnessContract(underTest);
    workOfNodesContract(underTest);
    cleanUpContract(underTest);
    atomicityContract(underTest);
  });
}

/** The same 16 times at once. */
export function sixteen<Result>(make: (at: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: 16 }, (_, at) => make(at)));
}
