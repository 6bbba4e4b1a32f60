import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Overrides, type RunningServer, startServer } from '../../src/composition.ts';
import { type Environment, loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/logger.ts';
import { Fronts } from './front.ts';
import { gatewaysOff } from './gateways-off.ts';
import { nodeCount } from './node-count.ts';
import { mailsTo } from './outbox.ts';
import { waitForAll } from './heard-by-all.ts';
import { until } from './until.ts';
import { serverDatabase } from './server-database.ts';
import { testRedisUrl } from './shared-redis.ts';

/**
 * A whole server in this process, on a free port, in a temporary folder. Where it has several nodes, its addresses are
 * those of what stands before them, and what else is of a node is of the first one.
 */
export interface TestServer extends RunningServer {
  /** All of it: one, unless `TEST_SERVER_NODES` says otherwise. */
  readonly nodes: readonly RunningServer[];
  readonly folder: string;
  /** Everything it has logged. */
  readonly log: () => string;
  /** Stops it and starts it again on the same data. */
  restart(): Promise<TestServer>;
  /** Stops it and removes its folder. */
  end(): Promise<void>;
  /** The text of the newest mail to the address, once there is one. */
  mailTo(address: string, newerThan?: number): Promise<string>;
  /** How many mails went to the address. */
  mailCount(address: string): Promise<number>;
}

/** With `WITH_REDIS=redis://…` every server of the tests that says nothing else shares its sessions there. */
const redis = process.env['WITH_REDIS'] ?? (nodeCount > 1 ? testRedisUrl : undefined);

/**
 * Starts one. Nothing is limited by address unless the environment says so, and keys are small.
 *
 * @param overrides with what several servers share that are nodes already, this is one of them
 */
export async function startTestServer(
  environment: Environment = {},
  overrides: Overrides = {},
  folder = mkdtempSync(path.join(tmpdir(), 'letterlock-')),
): Promise<TestServer> {
  const lines: string[] = [];
  const start = (changes: Environment): Promise<RunningServer> =>
    startServer(
      loadConfig({ ...settings, ...changes }),
      createLogger({ level: 'debug', pretty: false, sink: { write: (line) => lines.push(line) } }),
      (error) => {
        throw error;
      },
      // The same after a restart, and nobody else's.
      { redisPrefix: `ll-${path.basename(folder)}:`, ...overrides },
    );
  const settings: Environment = {
    LISTEN_HTTP: 'http://127.0.0.1:0',
    LISTEN_ADMIN: `unix:${path.join(folder, 'data', 'admin.sock')}`,
    DATABASE_URL: `sqlite:${path.join(folder, 'data', 'letterlock.db')}`,
    KEYS_DIR: path.join(folder, 'keys'),
    DATA_DIR: path.join(folder, 'data'),
    RSA_BITS: '2048',
    LIMITS: 'off',
    ...gatewaysOff,
    ...(await serverDatabase(folder)),
    ...(redis === undefined ? {} : { REDIS_URL: redis }),
    ...environment,
  };
  const isNode = overrides.state !== undefined;
  const running = isNode || nodeCount === 1 ? alone(await start({})) : await several(settings, start);
  const outbox = path.join(folder, 'data', 'outbox');
  return {
    ...running,
    folder,
    log: () => lines.join(''),
    restart: async () => {
      await running.stop();
      return startTestServer(environment, overrides, folder);
    },
    end: async () => {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    mailTo: (address, newerThan = 0) =>
      until(async () => (await mailsTo(outbox, address))[newerThan], `a mail to ${address}`),
    mailCount: async (address) => (await mailsTo(outbox, address)).length,
  };
}

type Running = RunningServer & Pick<TestServer, 'nodes'>;

function alone(running: RunningServer): Running {
  return { ...running, nodes: [running] };
}

/** Starts nodes, and what stands before them. */
async function several(
  settings: Environment,
  start: (changes: Environment) => Promise<RunningServer>,
): Promise<Running> {
  const fronts = await Fronts.open(settings);
  const resetPort = fronts.portOf('reset');
  const changes: Environment =
    resetPort === null || settings['RESET_URL'] !== undefined
      ? {}
      : { RESET_URL: `${settings['LISTEN_RESET']?.split(':')[0]}://127.0.0.1:${resetPort}` };
  // The first makes keys and tables.
  const first = await start(changes).catch(async (error: unknown) => {
    await fronts.close();
    throw error;
  });
  const others = Array.from({ length: nodeCount - 1 }, () => start({ ...changes, LISTEN_ADMIN: 'off' }));
  const started = await Promise.allSettled(others);
  const nodes = [first, ...started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))];
  const front = fronts.before(nodes);
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(nodes.map((node) => node.stop()));
    await front.close();
    throw failed.reason;
  }
  waitForAll(nodes);
  return {
    ...first,
    nodes,
    url: front.url,
    gatewayUrls: front.gatewayUrls,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await front.close();
    },
    reloadCertificate: async () => {
      await Promise.all(nodes.map((node) => node.reloadCertificate()));
    },
  };
}

export { until };

/** The code in a mail's text. */
export function codeIn(text: string): string {
  const code = /^ {4}([A-Z2-9]{8})$/m.exec(text)?.[1];
  if (code === undefined) throw new Error('there is no code in the mail');
  return code;
}
