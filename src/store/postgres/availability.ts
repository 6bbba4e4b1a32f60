import pg from 'pg';
import { Refusal } from '../../core/errors.ts';
import { clientConfig } from './connections.ts';
import { isServerFull } from './failures.ts';
import type { PostgresOptions } from './options.ts';

/** Pause between two attempts to reach a database that is away. */
const probeMilliseconds = 200;

interface Listener {
  readonly onAway: () => void;
  readonly onBack: () => void;
}

/**
 * Whether the database can be reached. While it cannot, one connection after another is tried until one is had, and
 * everybody else waits for that.
 */
export class Availability {
  private readonly options: PostgresOptions;
  private readonly listener: Listener;
  private isClosed = false;
  private waiting = new Set<() => void>();
  private away = false;

  constructor(options: PostgresOptions, listener: Listener) {
    this.options = options;
    this.listener = listener;
  }

  get isAway(): boolean {
    return this.away;
  }

  /** No connection was to be had. */
  lost(): void {
    if (this.away || this.isClosed) return;
    this.away = true;
    this.listener.onAway();
    void this.probe();
  }

  /** Resolves when it can be reached. @throws Refusal `busy` when it cannot before the time */
  async back(deadline: number): Promise<void> {
    if (!this.away) return;
    await new Promise<void>((resolve, reject) => {
      const isBack = (): void => {
        clearTimeout(timer);
        this.waiting.delete(isBack);
        resolve();
      };
      const timer = setTimeout(
        () => {
          this.waiting.delete(isBack);
          reject(databaseAway());
        },
        Math.max(0, deadline - performance.now()),
      );
      this.waiting.add(isBack);
    });
  }

  /** Tries no more. */
  close(): void {
    this.isClosed = true;
    for (const isBack of this.waiting) isBack();
  }

  /** Tries over a connection of its own whether there is a database that can be written. */
  async look(): Promise<boolean> {
    const client = new pg.Client({ ...clientConfig(this.options), query_timeout: this.options.connect });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
      return rows[0]?.standby === false;
    } catch (error) {
      // Who says that it takes no more connections is there: those that are open serve.
      return isServerFull(error);
    } finally {
      // Its leave may never be answered.
      client.end().catch(() => {});
    }
  }

  private async probe(): Promise<void> {
    while (!this.isClosed && !(await this.look())) {
      await new Promise((resolve) => setTimeout(resolve, probeMilliseconds * (0.5 + Math.random())));
    }
    this.away = false;
    if (this.isClosed) return;
    this.listener.onBack();
    for (const isBack of this.waiting) isBack();
  }
}

/** What a request is told that has waited for the database long enough. */
export function databaseAway(cause?: unknown): Refusal {
  return new Refusal('busy', { retryAfter: 2, detail: 'The database cannot be reached right now' }, cause);
}
