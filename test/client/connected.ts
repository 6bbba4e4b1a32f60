import { getEventListeners } from 'node:events';
import {
  type ConnectOptions,
  LetterlockError,
  type LetterlockClient,
  type Platform,
  connect,
} from '../../src/client/index.ts';
import { memoryPins } from '../../src/client/identity.ts';
import { type ProtocolServer, startProtocolServer } from './protocol-server.ts';

/** A server, a client of it, time that a test moves, and pauses that take none. */
export interface Scene {
  readonly server: ProtocolServer;
  readonly client: LetterlockClient;
  /** Pauses the client made, in milliseconds. */
  readonly pauses: number[];
  readonly clock: { now: number };
}

/** Runs a test with a server of its own and a client of it. */
export async function withClient(
  options: Partial<ConnectOptions>,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withServer(async (scene) => run({ ...scene, client: await scene.connected(options) }));
}

/** Runs a test with a server of its own. */
export async function withServer(
  run: (
    scene: Omit<Scene, 'client'> & {
      readonly connected: (options?: Partial<ConnectOptions>) => Promise<LetterlockClient>;
    },
  ) => Promise<void>,
): Promise<void> {
  const server = await startProtocolServer();
  const pauses: number[] = [];
  const clock = { now: 1_800_000_000_000 };
  // Chance always says one half.
  const platform: Partial<Platform> = {
    now: () => clock.now,
    random: () => 0.5,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      pauses.push(milliseconds);
    },
  };
  const connected = (options: Partial<ConnectOptions> = {}) =>
    connect({
      url: server.url,
      pins: memoryPins(),
      ...options,
      platform: { ...platform, ...options.platform },
    });
  try {
    await run({ server, pauses, clock, connected });
  } finally {
    await server.close();
  }
}

/** For `assert.rejects`: a LetterlockError of this code. */
export function withCode(code: string): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof LetterlockError && error.code === code) return true;
    throw error;
  };
}

/** How a promise ends: `done`, or the code of its failure. */
export async function ending(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    return error instanceof LetterlockError ? error.code : String(error);
  }
}

/** Listeners left on a signal. */
export function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** The body of a problem. */
export const problemBody = (code: string, members: Record<string, unknown> = {}) => ({
  code,
  title: code,
  detail: 'call this number',
  ...members,
});

export const ada = { username: 'ada', email: 'ada@example.org', password: 'a fine long secret' };
export const bert = { username: 'bert', email: 'bert@example.org', password: 'another long secret' };
export const loginOf = ({ username, password }: typeof ada) => ({ username, password });
