import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A server as a process of its own, whose CPU time can be read. */
export interface BenchProcess {
  readonly url: string;
  /** Seconds of CPU, user and system, of all its threads. */
  cpuSeconds(): number;
  /** Resident memory, bytes. */
  memory(): number;
  /** Resident memory without garbage and without free room in the heap; of a process started to report it. */
  memoryInUse(): Promise<number>;
  /** Fulfilled when it has used hardly any CPU for a while: it makes keys ahead when it has started. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const hasTaskset = ((): boolean => {
  try {
    execFileSync('taskset', ['-V']);
    return true;
  } catch {
    return false;
  }
})();

const memoryReport = path.join(import.meta.dirname, 'servers', 'report-memory.js');

/** Whether processes are kept on cores of their own. */
export const pinned = hasTaskset;

/**
 * Starts a program that says where it listens, in JSON with a member `url`, on stderr.
 *
 * @param cpus e.g. `0` or `0,1`; all where taskset is not there
 * @param reportsMemory whether `memoryInUse()` can be asked for
 */
export async function startBenchProcess(
  script: string,
  environment: Record<string, string>,
  cpus: string,
  cwd = process.cwd(),
  reportsMemory = false,
): Promise<BenchProcess> {
  const command = hasTaskset ? ['taskset', '-c', cpus, process.execPath] : [process.execPath];
  const [program = '', ...before] = command;
  const flags = reportsMemory ? ['--expose-gc', '--import', memoryReport] : [];
  const child = spawn(program, [...before, ...flags, script], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const url = await address(child);
  return {
    url,
    cpuSeconds: () => cpuOf(child.pid ?? 0),
    memory: () => residentOf(child.pid ?? 0),
    memoryInUse: async () => {
      const answer = once(child, 'message');
      child.send('memory');
      return Number((await answer)[0]);
    },
    settled: async () => {
      for (let used = 1; used > 0.02;) {
        const before = cpuOf(child.pid ?? 0);
        await pause(500);
        used = cpuOf(child.pid ?? 0) - before;
      }
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function address(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    // The server names its gateways too; its own address is in the line that says so of nothing else.
    const url = /(?:^\{|"message":"listening",)"url":"([^"]+)"/m.exec(text)?.[1];
    if (url !== undefined) {
      child.stderr?.resume();
      return url;
    }
  }
  throw new Error(`the server did not start: ${text}`);
}

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
