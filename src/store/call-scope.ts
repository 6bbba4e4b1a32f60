import { StoreFailure, type Transaction } from '../core/store.ts';

/**
 * The transaction as one call of a transaction function sees it. It knows which of its methods are still under way and
 * can be ended, because all calls share a connection: what a function writes after it was thought to be done would
 * become part of its neighbours' transactions.
 */
export class CallScope {
  readonly transaction: Transaction;
  /** Called each time when nothing is under way any more. */
  onIdle: () => void = () => {};
  private readonly isAlive: () => boolean;
  private underWay = 0;
  private ended = false;

  /** @param isAlive whether the database still holds the transaction: a full disk ends it at any statement */
  constructor(transaction: Transaction, isAlive: () => boolean) {
    this.isAlive = isAlive;
    this.transaction = this.guard(transaction);
  }

  /** Whether methods were called whose promise nobody waited for. */
  get isBusy(): boolean {
    return this.underWay > 0;
  }

  /** From here on every method rejects. */
  end(): void {
    this.ended = true;
  }

  private guard<Part extends object>(part: Part): Part {
    return new Proxy(part, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member === 'function') {
          return (...parameters: unknown[]) =>
            this.run(async () => Reflect.apply(member, target, parameters) as unknown);
        }
        return typeof member === 'object' && member !== null ? this.guard(member) : member;
      },
    });
  }

  private run(method: () => Promise<unknown>): Promise<unknown> {
    if (this.ended) return Promise.reject(new StoreFailure('this transaction is over'));
    if (!this.isAlive()) return Promise.reject(new StoreFailure('the database has ended this transaction'));
    this.underWay += 1;
    const done = method().finally(() => {
      this.underWay -= 1;
      if (this.underWay === 0) this.onIdle();
    });
    // A rejection that nobody looks at is found by `isBusy`; it must not end the thread.
    done.catch(() => {});
    return done;
  }
}
