import pg from 'pg';
import { StoreOpenError } from '../open-error.ts';
import { clientConfig } from './connections.ts';
import type { PostgresOptions } from './options.ts';
import { lockNumber } from './subject-locks.ts';

/** Pause between two attempts to have the lock again after its connection was lost. */
const retryMilliseconds = 1_000;
/** Asked this often, a connection is known to be lost at about the time at which the server gives it up. */
const usualBeatMilliseconds = 5_000;
/** How long a node that has just ended may still be thought to be there. */
const patienceMilliseconds = 3_000;

/**
 * How soon the server notices that the machine of a node is gone, and with it who held the lock: after 5 s without a word
 * and three questions without an answer, not after the two hours that systems have as a default. Nothing of it is
 * in force on a Unix socket.
 */
const keepalives = `SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 11000`;

const number = lockNumber('nodes');

/**
 * Keeps a node that works by itself from sharing its database: what several nodes have to agree on, replay windows above
 * all, each would keep for itself. Nodes that share a Redis hold the lock together, one without has it alone, for as
 * long as a connection of its own lasts. Behind a pooler that hands connections around there is no such lock.
 */
export class NodeLock {
  private readonly options: PostgresOptions;
  private readonly isOneOfSeveral: boolean;
  private readonly beatMilliseconds: number;
  private client: pg.Client | null = null;
  private isClosed = false;
  private retry: NodeJS.Timeout | undefined;
  private beat: NodeJS.Timeout | undefined;

  /** @param beatMilliseconds how often the connection is asked whether it lasts, and how long an answer may take. Default 5 s */
  constructor(options: PostgresOptions, isOneOfSeveral: boolean, beatMilliseconds = usualBeatMilliseconds) {
    this.options = options;
    this.isOneOfSeveral = isOneOfSeveral;
    this.beatMilliseconds = beatMilliseconds;
  }

  /** @throws StoreOpenError when there is a node that this one must not run beside; the driver's error */
  async take(): Promise<void> {
    if (this.options.pooled) return;
    const deadline = performance.now() + patienceMilliseconds;
    while (!(await this.attempt())) {
      if (performance.now() > deadline) throw new StoreOpenError(this.sentence);
      await new Promise((resolve) => setTimeout(resolve, retryMilliseconds / 4));
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.retry);
    clearTimeout(this.beat);
    await this.client?.end().catch(() => {});
  }

  private get sentence(): string {
    const { place } = this.options;
    return this.isOneOfSeveral
      ? `A server without REDIS_URL runs on the database ${place}: several servers need the same REDIS_URL on each of them.`
      : `Another server runs on the database ${place}: several servers need the same REDIS_URL on each of them.`;
  }

  private async attempt(): Promise<boolean> {
    const client = new pg.Client({
      ...clientConfig(this.options),
      application_name: 'letterlock node',
      query_timeout: this.beatMilliseconds,
    });
    const lost = (): void => this.takeAgain(client);
    client.on('error', lost);
    client.on('end', lost);
    const how = this.isOneOfSeveral ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
    try {
      await client.connect();
      // What only speaks PostgreSQL's protocol may not know them.
      await client.query(keepalives).catch(() => {});
      const { rows } = await client.query<{ taken: boolean }>(`SELECT ${how}(${number}) AS taken`);
      if (rows[0]?.taken === true && !this.isClosed) {
        this.client = client;
        this.keepWatch(client);
      }
      return this.client === client;
    } finally {
      if (this.client !== client) await client.end().catch(() => {});
    }
  }

  /** Nothing else is said on the connection, and what is not spoken to is not known to be gone. */
  private keepWatch(client: pg.Client): void {
    this.beat = setTimeout(() => {
      client.query('SELECT 1').then(
        () => {
          if (this.client === client && !this.isClosed) this.keepWatch(client);
        },
        () => {
          this.takeAgain(client);
          void client.end().catch(() => {});
        },
      );
    }, this.beatMilliseconds);
    this.beat.unref();
  }

  private takeAgain(client: pg.Client): void {
    if (this.client !== client || this.isClosed) return;
    this.client = null;
    this.retryLater();
  }

  private retryLater(): void {
    this.retry = setTimeout(() => {
      this.attempt().then(
        (taken) => {
          if (!taken && !this.isClosed) this.retryLater();
        },
        () => {
          if (!this.isClosed) this.retryLater();
        },
      );
    }, retryMilliseconds);
    this.retry.unref();
  }
}
