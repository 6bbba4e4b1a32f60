import pg from 'pg';
import { Refusal } from '../../core/errors.ts';
import { clientConfig } from './connections.ts';
import { isPoolBusy, isServerFull } from './failures.ts';
import type { PostgresOptions } from './options.ts';
import type { QueryText } from './queryable.ts';

/** How often one connection more is tried for after the server had none to give. */
const growMilliseconds = 1_000;

/** Connections that are opened when they are needed. Where the server has no more to give, those there are must do. */
export class ConnectionPool {
  private readonly options: PostgresOptions;
  private readonly most: number;
  private readonly onUse: () => void;
  private pool: pg.Pool;
  private open = new Set<pg.PoolClient>();
  private readonly inHand = new Set<pg.PoolClient>();
  private growing: NodeJS.Timeout | undefined;
  /** Until when no first connection is tried for. */
  private refusedUntil = 0;

  /**
   * @param most connections at most
   * @param onUse called when somebody is about to wait for the database
   */
  constructor(options: PostgresOptions, most: number, onUse: () => void) {
    this.options = options;
    this.most = most;
    this.onUse = onUse;
    this.pool = this.openPool();
  }

  /** Who waits for a connection that others have in their hands. */
  get waitingCount(): number {
    return this.pool.waitingCount;
  }

  /** Whether somebody has a connection, or waits for one. */
  get isInUse(): boolean {
    return this.pool.totalCount > this.pool.idleCount;
  }

  /**
   * Takes a connection; whoever has it releases it.
   *
   * @throws Refusal `busy` when the server is there, but no connection is to be had in time; else the driver's error
   */
  async connect(): Promise<pg.PoolClient> {
    this.onUse();
    const deadline = performance.now() + this.options.connect;
    for (;;) {
      if (this.connected === 0 && performance.now() < this.refusedUntil) throw noneFree();
      try {
        return await this.pool.connect();
      } catch (error) {
        if (isPoolBusy(error)) throw noneFree(error);
        if (!isServerFull(error)) throw error;
        this.makeDo();
        if (performance.now() >= deadline) throw noneFree(error);
      }
    }
  }

  /** Runs one statement. @throws as `connect` does; the driver's error */
  async query(query: string | QueryText, values: unknown[]): Promise<pg.QueryResult> {
    const client = await this.connect();
    try {
      const result = await client.query(query, values);
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** Ends all connections without a word to the server: whoever waits for an answer is told that theirs was lost. */
  renew(): void {
    const { pool, open } = this;
    this.open = new Set();
    this.inHand.clear();
    this.pool = this.openPool();
    for (const client of open) if (client instanceof pg.Client) client.connection.stream.destroy();
    void pool.end();
  }

  /** Resolves when all connections have ended. */
  async end(): Promise<void> {
    clearInterval(this.growing);
    await this.pool.end();
  }

  private get connected(): number {
    return this.inHand.size + this.pool.idleCount;
  }

  private openPool(): pg.Pool {
    const { open, inHand } = this;
    const pool = new pg.Pool({ ...clientConfig(this.options), max: this.most, idleTimeoutMillis: 60_000 });
    // An idle connection that ends is taken out of the pool by itself, and whoever holds one learns of its end from their
    // next statement; without listeners either would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => {
      open.add(client);
      client.on('error', () => {});
      client.once('end', () => open.delete(client));
    });
    pool.on('acquire', (client) => inHand.add(client));
    pool.on('release', (_error, client) => inHand.delete(client));
    return pool;
  }

  /** Whoever comes now waits for one of those that are there; now and then one more is tried for. */
  private makeDo(): void {
    this.refusedUntil = performance.now() + growMilliseconds;
    this.pool.options.max = Math.max(1, this.connected);
    this.growing ??= setInterval(() => this.grow(), growMilliseconds).unref();
  }

  private grow(): void {
    const { options } = this.pool;
    options.max = Math.min(this.most, options.max + 1);
    if (options.max < this.most) return;
    clearInterval(this.growing);
    this.growing = undefined;
  }
}

function noneFree(cause?: unknown): Refusal {
  return new Refusal('busy', { retryAfter: 1 }, cause);
}
