import path from 'node:path';
import { askServer } from '../../src/admin/socket/client.ts';
import { lastingPort } from './lasting-port.ts';
import { type TestDatabase, newDatabase, skipWithoutPostgres } from './postgres.ts';
import { missing } from './required-services.ts';
import { PrivateRedis } from './redis-server.ts';
import { type ServerProcess, newFolder, removeFolder, startServerProcess } from './server-process.ts';
import { ServiceLink } from './service-link.ts';

/** One node: a process of its own, and its ways to what it shares with the others. */
export class ClusterNode {
  readonly url: string;
  readonly redisLink: ServiceLink;
  readonly databaseLink: ServiceLink;
  private readonly folder: string;
  private readonly environment: Record<string, string>;
  private readonly program: string | undefined;
  private running: ServerProcess | null = null;

  constructor(parts: {
    url: string;
    folder: string;
    environment: Record<string, string>;
    program: string | undefined;
    redisLink: ServiceLink;
    databaseLink: ServiceLink;
  }) {
    this.url = parts.url;
    this.folder = parts.folder;
    this.environment = parts.environment;
    this.program = parts.program;
    this.redisLink = parts.redisLink;
    this.databaseLink = parts.databaseLink;
  }

  /** Everything it has logged since it was started last. */
  get log(): string {
    return this.running?.log() ?? '';
  }

  async start(): Promise<void> {
    this.running = await startServerProcess(this.folder, this.environment, this.program);
  }

  /** Ends it, and waits for that. @returns the exit code, or null where the signal killed it */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const { running } = this;
    if (running === null) return null;
    // A process that stands still hears of no signal but this one.
    running.child.kill('SIGCONT');
    return running.stop(signal);
  }

  /** Sends a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.running?.child.kill(signal);
  }

  /** Stands still, with all connections open. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    const child = this.running?.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => child.once('exit', resolve));
  }

  /** Runs a command of the console. @throws Error when it does not end well */
  async admin(...words: string[]): Promise<void> {
    const file = path.join(this.folder, 'data', 'admin.sock');
    const outcome = await askServer(file, { words, yes: true, folder: this.folder });
    if (outcome.result !== 'done') throw new Error(`${words.join(' ')}: ${JSON.stringify(outcome.data)}`);
  }

  /** Whether it says that it is ready. */
  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(
      () => null,
    );
    await answer?.body?.cancel();
    return answer?.status === 200;
  }
}

/** Several nodes as an admin starts them: one database, one Redis, one folder of keys, and nothing else in common. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  readonly database: TestDatabase;
  readonly redis: PrivateRedis;
  /** Until every node says that it is ready. */
  allReady(): Promise<void>;
  end(): Promise<void>;
}

/** False, or why tests of whole nodes are skipped. */
export const skipWithoutCluster: string | false = skipWithoutPostgres || (await skipWithoutRedisServer());

/** Starts three nodes, or as many as are asked for, on a database and a Redis of their own. */
export async function startCluster(
  options: { count?: number; environment?: Record<string, string>; program?: string } = {},
): Promise<Cluster> {
  const database = await newDatabase();
  const redis = await PrivateRedis.start();
  if (redis === null) throw new Error('redis-server cannot be started');
  const folder = newFolder();
  const nodes: ClusterNode[] = [];
  const links: ServiceLink[] = [];
  const end = async (): Promise<void> => {
    process.off('exit', killAll);
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    await Promise.all(links.map((link) => link.cut()));
    await redis.stop();
    await database.drop();
    removeFolder(folder);
  };
  const killAll = (): void => {
    for (const node of nodes) node.signal('SIGKILL');
    redis.signal('SIGKILL');
  };
  process.on('exit', killAll);
  try {
    for (let at = 0; at < (options.count ?? 3); at++) {
      const target = new URL(database.url);
      const databaseLink = await ServiceLink.to({
        host: target.hostname,
        port: Number(target.port || '5432'),
      });
      const redisLink = await ServiceLink.to({ host: '127.0.0.1', port: redis.port });
      links.push(databaseLink, redisLink);
      const port = await lastingPort();
      const environment = {
        LISTEN_HTTP: `http://127.0.0.1:${port}`,
        DATABASE_URL: urlBy(database.url, databaseLink.port),
        REDIS_URL: `redis://127.0.0.1:${redisLink.port}`,
        KEYS_DIR: path.join(folder, 'keys'),
        ...options.environment,
      };
      const node = new ClusterNode({
        url: `http://127.0.0.1:${port}`,
        folder: path.join(folder, `node-${at}`),
        environment,
        program: options.program,
        redisLink,
        databaseLink,
      });
      nodes.push(node);
      // The first one makes the keys.
      if (at === 0) await node.start();
    }
    await Promise.all(nodes.slice(1).map((node) => node.start()));
  } catch (error) {
    await end();
    throw error;
  }
  const allReady = async (): Promise<void> => {
    await eventually('every node is ready', async () => {
      const ready = await Promise.all(nodes.map((node) => node.isReady()));
      return ready.every(Boolean);
    });
  };
  return { nodes, database, redis, allReady, end };
}

/** Looks again and again until it is so. @throws Error after the time, which is long for a machine with nothing else to do */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  milliseconds = 45_000,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > milliseconds) throw new Error(`it never came about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - startedAt;
}

/** Few connections: several clusters run side by side, and a server has a hundred. */
function urlBy(text: string, port: number): string {
  const url = new URL(text);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  url.searchParams.set('pool', '3');
  return url.href;
}

async function skipWithoutRedisServer(): Promise<string | false> {
  const redis = await PrivateRedis.start();
  await redis?.stop();
  return redis === null ? missing('there is no redis-server to start') : false;
}
