import type pg from 'pg';
import { Refusal } from '../../core/errors.ts';
import { type Reader, StoreFailure } from '../../core/store.ts';
import { errorOf, outcomeOf } from '../outcome.ts';
import { type Availability, databaseAway } from './availability.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { Connection } from './connections.ts';
import { transactionOn } from './dialect.ts';
import { isConnectionLost, isGivenUp } from './failures.ts';
import type { PostgresOptions } from './options.ts';
import type { QueryText, Queryable } from './queryable.ts';

/** Reads that may wait for a connection; more are refused as `busy`. */
const waitingReads = 5_000;

/** Runs single statements that read, on connections of their own: who waits for a lock never holds these up. */
export class ReadingClient implements Queryable {
  private readonly pool: ConnectionPool;
  private readonly options: PostgresOptions;
  private readonly availability: Availability;
  private readonly onAnswer: () => void;

  /** @param onAnswer called when the server has said something */
  constructor(
    pool: ConnectionPool,
    options: PostgresOptions,
    availability: Availability,
    onAnswer: () => void,
  ) {
    this.pool = pool;
    this.options = options;
    this.availability = availability;
    this.onAnswer = onAnswer;
  }

  /** Reading twice does no harm: where a connection is lost, another is taken. */
  async query(query: QueryText, values: unknown[]): Promise<pg.QueryResult> {
    const deadline = performance.now() + this.options.patience;
    for (;;) {
      if (this.availability.isAway) await this.availability.back(deadline);
      try {
        return await this.attempt(query, values);
      } catch (error) {
        if (isGivenUp(error)) throw new Refusal('busy', { retryAfter: 1 }, error);
        if (!isConnectionLost(error)) throw error;
        if (performance.now() >= deadline) throw databaseAway(error);
      }
    }
  }

  private async attempt(query: QueryText, values: unknown[]): Promise<pg.QueryResult> {
    if (this.pool.waitingCount >= waitingReads) throw new Refusal('busy', { retryAfter: 1 });
    const client = await this.connect();
    try {
      const result = await new Connection(client, this.options, this.onAnswer).query(query, values);
      client.release();
      return result;
    } catch (error) {
      client.release(isConnectionLost(error));
      throw error;
    }
  }

  private async connect(): Promise<pg.PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      if (!(error instanceof Refusal)) this.availability.lost();
      throw error;
    }
  }
}

/** What is read outside of transactions. Its errors hold no parameters of queries. */
export function readerOver(client: Queryable): Reader {
  return guard(transactionOn(client), '');
}

function guard<Part extends object>(part: Part, path: string): Part {
  const guarded = new Map<string | symbol, unknown>();
  return new Proxy(part, {
    get: (target, name) => {
      const known = guarded.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name);
      const own = `${path}${String(name)}`;
      let made = member;
      if (typeof member === 'function') {
        made = async (...parameters: unknown[]): Promise<unknown> => {
          try {
            return (await Reflect.apply(member, target, parameters)) as unknown;
          } catch (error) {
            throw told(error, own);
          }
        };
      } else if (typeof member === 'object' && member !== null) made = guard(member, `${own}.`);
      guarded.set(name, made);
      return made;
    },
  });
}

function told(error: unknown, name: string): Error {
  const outcome = outcomeOf(error);
  const same = errorOf(outcome, name);
  return outcome.kind === 'failed' ? new StoreFailure(`reading ${name} failed`, same.cause) : same;
}
