import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serverDatabase } from './server-database.ts';
import { gatewaysOff } from './gateways-off.ts';

/** The server as a process of its own, as an admin starts it. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  readonly folder: string;
  /** Everything on stderr so far. */
  readonly log: () => string;
  /** Sends a signal and waits for the end: the exit code, or null after a signal killed it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.js');

/** A folder for a server's data, to be removed by the caller. */
export function newFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'letterlock-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Starts the program, or another build of it, in the folder. */
export function spawnServer(
  folder: string,
  environment: Record<string, string> = {},
  program = main,
): { child: ChildProcess; log: () => string } {
  const child = spawn(process.execPath, ['--enable-source-maps', program], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      LISTEN_HTTP: 'http://127.0.0.1:0',
      RSA_BITS: '2048',
      LIMITS: 'off',
      ...gatewaysOff,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, log: () => text };
}

/** Starts the program and waits until it listens. */
export async function startServerProcess(
  folder: string,
  environment: Record<string, string> = {},
  program = main,
): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  const { child, log } = spawnServer(folder, { ...(await serverDatabase(folder)), ...environment }, program);
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', () => {
      const line = /"message":"listening","url":"([^"]+)"/.exec(log());
      if (line?.[1] !== undefined) resolve(line[1]);
    });
    child.once('exit', () => reject(new Error(`the server ended: ${log()}`)));
  });
  return {
    url,
    child,
    folder,
    log,
    stop: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
