import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { gatewaysOff } from '../test/support/gateways-off.ts';
import { type TestDatabase, newDatabase, skipWithoutPostgres } from '../test/support/postgres.ts';
import { PrivateRedis } from '../test/support/redis-server.ts';
import { type BenchProcess, startBenchProcess } from './process.ts';

const main = path.join(import.meta.dirname, '..', 'src', 'main.js');

/** Nodes on a PostgreSQL database and a Redis of their own. */
export interface Cluster {
  readonly nodes: readonly BenchProcess[];
  readonly redis: PrivateRedis;
  /** Seconds of CPU of all nodes together. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** False, or why nothing of several nodes is measured. */
export const skipWithoutServices = skipWithoutPostgres;

/** Starts so many nodes, all on the core of the servers that are measured. */
export async function startCluster(folder: string, count: number): Promise<Cluster> {
  const redis = await PrivateRedis.start();
  if (redis === null) throw new Error('redis-server is not installed');
  const database: TestDatabase = await newDatabase();
  const nodes: BenchProcess[] = [];
  for (let at = 0; at < count; at++) {
    const own = path.join(folder, `node${at}`);
    mkdirSync(own, { recursive: true });
    nodes.push(
      await startBenchProcess(
        main,
        {
          ...measuredEnvironment,
          DATABASE_URL: database.url,
          REDIS_URL: redis.url,
          KEYS_DIR: path.join(folder, 'keys'),
        },
        '0',
        own,
      ),
    );
  }
  return {
    nodes,
    redis,
    cpuSeconds: () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await redis.stop();
      await database.drop();
    },
  };
}

/** Starts a node that has all it needs in a folder of its own. */
export async function startAlone(folder: string): Promise<BenchProcess> {
  mkdirSync(folder, { recursive: true });
  return startBenchProcess(main, measuredEnvironment, '0', folder);
}

const measuredEnvironment: Record<string, string> = {
  LISTEN_HTTP: 'http://127.0.0.1:0',
  LISTEN_ADMIN: 'off',
  RSA_BITS: '2048',
  LIMITS: 'off',
  LOG_LEVEL: 'info',
  ...gatewaysOff,
};
