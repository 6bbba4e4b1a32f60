import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '@redis/client';
import { freePorts } from './free-ports.ts';
import { missing } from './required-services.ts';

/** A Redis server of a test's own, in a temporary folder, that may be stopped, flushed and set back. */
export class PrivateRedis {
  readonly port: number;
  readonly folder: string;
  /** Where other servers of a cluster reach it; 0 where it is none of any. */
  readonly busPort: number;
  private process: ChildProcess | null = null;

  private constructor(port: number, folder: string, busPort: number) {
    this.port = port;
    this.folder = folder;
    this.busPort = busPort;
  }

  /** Starts one; null where there is no `redis-server`. */
  static start(): Promise<PrivateRedis | null> {
    return PrivateRedis.startOn();
  }

  /** Starts one that may become a server of a cluster, whose servers serve what they have when others are away. */
  static async startOfCluster(): Promise<PrivateRedis | null> {
    const [bus = 0] = await freePorts(1);
    return PrivateRedis.startOn(bus);
  }

  private static async startOn(busPort = 0): Promise<PrivateRedis | null> {
    const folder = await mkdtemp(path.join(tmpdir(), 'letterlock-redis-'));
    const [port = 0] = await freePorts(1);
    const redis = new PrivateRedis(port, folder, busPort);
    if (await redis.run()) return redis;
    await rm(folder, { recursive: true, force: true });
    missing('there is no redis-server to start');
    return null;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the process on the folder as it is. False where it cannot be started. */
  async run(): Promise<boolean> {
    const child = spawn(
      'redis-server',
      [
        '--port',
        String(this.port),
        '--bind',
        '127.0.0.1',
        '--dir',
        this.folder,
        '--save',
        '',
        '--daemonize',
        'no',
        ...(this.busPort === 0 ? [] : clusterOptions(this.busPort)),
      ],
      { stdio: 'ignore' },
    );
    const failed = new Promise<false>((resolve) => child.once('error', () => resolve(false)));
    this.process = child;
    return Promise.race([failed, this.answers()]);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Stands still, with all connections open. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Sends the process a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal);
  }

  /** Asks it something, on a connection of its own. */
  async ask(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<true> {
    for (;;) {
      const answer = await this.ask('PING').catch(() => null);
      if (answer === 'PONG') return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function clusterOptions(busPort: number): string[] {
  const options = {
    enabled: 'yes',
    port: String(busPort),
    'require-full-coverage': 'no',
    'node-timeout': '2000',
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => [`--cluster-${name}`, value]),
    '--repl-diskless-sync-delay',
    '0',
  ];
}
