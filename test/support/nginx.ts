import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSelfSignedCertificate } from '../../src/crypto/certificate.ts';
import { freePorts } from './free-ports.ts';
import { missing } from './required-services.ts';
import { until } from './test-server.ts';

const deployFolder = path.join(import.meta.dirname, '..', '..', '..', 'deploy');
const program = spawnSync('nginx', ['-v']).error === undefined ? 'nginx' : null;

/** Why tests with the real proxy are skipped; false where it is there. */
export const withoutNginx = program === null ? missing('nginx is not installed') : false;

/** nginx on loopback, with the configuration of `deploy/`. */
export interface Nginx {
  /** The port on which it answers for one of the configuration's own. */
  readonly portFor: (port: number) => number;
  /** What it has written: its log of requests, and its errors. */
  readonly log: () => string;
  stop(): Promise<void>;
}

/**
 * Starts it with the configuration as it is, but for where things are: ports, certificate, process id.
 *
 * @param nodeAddress where the node of a name has one of its ports, e.g. `node1`, 3000
 */
export async function startNginx(nodeAddress: (node: string, port: number) => string): Promise<Nginx> {
  const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-nginx-'));
  const names = { names: ['localhost'], addresses: ['127.0.0.1'] };
  const certificate = await createSelfSignedCertificate({ ...names, now: Date.now(), years: 1 });
  writeFileSync(path.join(folder, 'tls.crt'), certificate.certificatePem);
  writeFileSync(path.join(folder, 'tls.key'), certificate.keyPem, { mode: 0o600 });
  const text = readFileSync(path.join(deployFolder, 'nginx.conf'), 'utf8');
  const listening = [...text.matchAll(/listen (\d+)/g)].map(([, port]) => Number(port));
  const free = await freePorts(listening.length);
  const portFor = (port: number): number => {
    const found = free[listening.indexOf(port)];
    if (found === undefined) throw new Error(`nothing listens on ${port}`);
    return found;
  };
  const here = text
    .replaceAll(/listen (\d+)/g, (_, port: string) => `listen 127.0.0.1:${portFor(Number(port))}`)
    .replaceAll(/(node\d):(\d+)/g, (_, node: string, port: string) => nodeAddress(node, Number(port)))
    .replaceAll('/etc/nginx/certificates', folder)
    .replace('/run/nginx.pid', path.join(folder, 'nginx.pid'))
    .replace('worker_processes auto', 'worker_processes 1')
    // Where an error log that is a pipe cannot be opened by its name.
    .replaceAll('/dev/stderr', 'stderr')
    .replace('/dev/stdout', path.join(folder, 'access.log'));
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, here);
  const errors: string[] = [];
  const child = spawn('nginx', ['-c', file, '-e', 'stderr', '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.push(chunk));
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors.join('')}`);
    return (await answers(portFor(443))) || undefined;
  }, 'nginx');
  return {
    portFor,
    log: () => errors.join('') + readFileSync(path.join(folder, 'access.log'), 'utf8'),
    stop: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
