import { execFileSync } from 'node:child_process';
import { hash } from '@node-rs/argon2';
import { argon2Settings } from '../src/crypto/password.ts';
import { type SealedClient, emailOf, passwordOf, registered } from '../test/support/sealed-client.ts';
import { httpRequest, load } from './load.ts';
import { sealedRequests } from './me.ts';
import { type BenchProcess, pinned } from './process.ts';
import type { Row } from './table.ts';

/**
 * What is heavy and goes to other threads: decryption and logins, each beside a little `/me` whose waiting tells whether
 * the event loop stays free. The server is on core 0 alone, and so is what it is measured against.
 */

/** `/decrypt` against `openssl speed` on the same core. */
export async function benchDecrypt(server: BenchProcess): Promise<Row[]> {
  const client = await registered(server.url, `decrypt-${Date.now()}`);
  const { user } = await client.must('/me');
  const sealed = await client.must(`/encrypt/${String(user?.['username'])}`, { message: 'hello' });
  const fields = { message: sealed['message'] };
  const requests = sealedRequests(server.url, client, '/decrypt', fields, 12_000);
  const light = await registered(server.url, `decrypt-me-${Date.now()}`);
  const unloaded = await meAlone(server, light);
  const { rate, p99 } = await beside(server, light, 16, requests);
  const reference = opensslRate();
  return [
    {
      what: '`/decrypt` (RSA 2048), 16 connections',
      ours: `${Math.round(rate)}/s`,
      against: `openssl speed rsa2048: ${Math.round(reference)}/s`,
      ratio: rate / reference,
      target: 'at least 0.80',
    },
    p99Row('`/decrypt`', p99, unloaded),
  ];
}

/** `/login_user` against raw Argon2id with the same settings. */
export async function benchLogin(server: BenchProcess): Promise<Row[]> {
  const client = await registered(server.url, `login-me-${Date.now()}`);
  const logins: { client: SealedClient; requests: Buffer[] }[] = [];
  for (let at = 0; at < 8; at++) {
    const name = `login-${at}-${Date.now()}`;
    const own = await registered(server.url, name);
    const fields = { email: emailOf(name), password: passwordOf(name) };
    logins.push({ client: own, requests: sealedRequests(server.url, own, '/login_user', fields, 60) });
  }
  const unloaded = await meAlone(server, client);
  const { rate, p99 } = await beside(
    server,
    client,
    8,
    null,
    (connection) => logins[connection]?.requests.pop() ?? null,
  );
  const reference = await argon2Rate();
  return [
    {
      what: '`/login_user`, 8 connections',
      ours: `${rate.toFixed(1)}/s`,
      against: `raw Argon2id: ${reference.toFixed(1)}/s`,
      ratio: rate / reference,
      target: 'at least 0.90',
    },
    p99Row('`/login_user`', p99, unloaded),
  ];
}

/** Milliseconds between the little requests that only tell how long one waits. */
const pauseBetween = 10;

function p99Row(what: string, loaded: number, unloaded: number): Row {
  return {
    what: `p99 of \`/me\` beside ${what}`,
    ours: `${loaded.toFixed(1)} ms`,
    against: `alone: ${unloaded.toFixed(1)} ms`,
    ratio: loaded / unloaded,
    target: 'at most 5',
  };
}

/** The p99 of the same little `/me`, with nothing else to do. */
async function meAlone(server: BenchProcess, client: SealedClient): Promise<number> {
  const requests = sealedRequests(server.url, client, '/me', {}, 300);
  let at = 0;
  return (await load(server.url, 1, () => requests[at++] ?? null, pauseBetween)).p99;
}

/** The rate of the heavy requests, and the p99 of a `/me` every few milliseconds beside them. */
async function beside(
  server: BenchProcess,
  client: SealedClient,
  connections: number,
  requests: Buffer[] | null,
  next?: (connection: number) => Buffer | null,
): Promise<{ rate: number; p99: number }> {
  let running = true;
  let at = 0;
  const heavy = load(server.url, connections, next ?? (() => requests?.[at++] ?? null)).finally(
    () => (running = false),
  );
  const light = load(
    server.url,
    1,
    () => (running ? httpRequest(server.url, 'POST', '/me', client.seal('/me', {})) : null),
    pauseBetween,
  );
  const [{ requestsPerSecond: rate, refused }, { p99 }] = await Promise.all([heavy, light]);
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return { rate, p99 };
}

function onCoreZero(command: readonly string[]): string {
  const [program = '', ...words] = pinned ? ['taskset', '-c', '0', ...command] : command;
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function opensslRate(): number {
  const line = onCoreZero(['openssl', 'speed', '-seconds', '3', 'rsa2048']).trim().split('\n').at(-1) ?? '';
  return Number(/(\d+\.\d+)\s+\d+\.\d+\s*$/.exec(line)?.[1] ?? 0);
}

async function argon2Rate(): Promise<number> {
  if (pinned) execFileSync('taskset', ['-apc', '0', String(process.pid)], { stdio: 'ignore' });
  const count = 300;
  const begin = performance.now();
  const worker = async (share: number): Promise<void> => {
    for (let at = 0; at < share; at++) await hash('some password', argon2Settings);
  };
  await Promise.all([worker(count / 2), worker(count / 2)]);
  const seconds = (performance.now() - begin) / 1000;
  if (pinned) execFileSync('taskset', ['-apc', '1', String(process.pid)], { stdio: 'ignore' });
  return count / seconds;
}
