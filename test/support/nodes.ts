import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Overrides } from '../../src/composition.ts';
import { type Environment, loadConfig } from '../../src/config.ts';
import { type OpenState, openState } from '../../src/open-state.ts';
import { freshPrefix, testRedisUrl } from './shared-redis.ts';
import { silentLogger } from './silent-logger.ts';
import { type TestServer, startTestServer } from './test-server.ts';

/** Several nodes in this process, on one store and one Redis. */
export interface Nodes {
  readonly nodes: readonly TestServer[];
  readonly state: OpenState;
  readonly prefix: string;
  end(): Promise<void>;
}

/** Starts them; SQLite is shared by sharing the object, which nodes of their own process could not. */
export async function startNodes(
  count: number,
  options: { redisUrl?: string; overrides?: Overrides; environment?: Environment } = {},
): Promise<Nodes> {
  const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-nodes-'));
  const environment = {
    REDIS_URL: options.redisUrl ?? testRedisUrl,
    LISTEN_ADMIN: 'off',
    ...options.environment,
  };
  const config = loadConfig({
    DATABASE_URL: `sqlite:${path.join(folder, 'data', 'letterlock.db')}`,
    KEYS_DIR: path.join(folder, 'keys'),
    DATA_DIR: path.join(folder, 'data'),
  });
  const state = await openState(config, silentLogger, (error) => {
    throw error;
  });
  const prefix = freshPrefix();
  const overrides = {
    ...options.overrides,
    redisPrefix: prefix,
    state: { ...state, close: async () => {} },
  };
  const nodes: TestServer[] = [];
  for (let at = 0; at < count; at++) nodes.push(await startTestServer(environment, overrides, folder));
  return {
    nodes,
    state,
    prefix,
    end: async () => {
      for (const node of nodes) await node.stop();
      await state.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
