import { connect } from 'node:net';

/** What a run of requests came to. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Milliseconds, of each request. */
  readonly p50: number;
  readonly p99: number;
  /** Answers whose status was not 200. */
  readonly refused: number;
}

/** A whole HTTP request as bytes. */
export function httpRequest(url: string, method: 'GET' | 'POST', path: string, body = ''): Buffer {
  const { host } = new URL(url);
  const length =
    body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${length}\r\n${body}`);
}

/**
 * Sends requests over keep-alive connections, one at a time on each, and waits for each answer. The requests are made
 * ahead, and answers are only measured and thrown away, so that this side costs as little as it can.
 *
 * @param next the next request of a connection, or null when there are no more
 * @param pauseMilliseconds between an answer and the next request
 */
export async function load(
  url: string,
  connections: number,
  next: (connection: number) => Buffer | null,
  pauseMilliseconds = 0,
): Promise<LoadResult> {
  const times: number[] = [];
  let refused = 0;
  const begin = performance.now();
  const awake = keepAwake();
  await Promise.all(
    Array.from({ length: connections }, (_, connection) =>
      run(
        url,
        pauseMilliseconds,
        () => next(connection),
        (milliseconds, ok) => {
          times.push(milliseconds);
          if (!ok) refused += 1;
        },
      ),
    ),
  );
  const seconds = (performance.now() - begin) / 1000;
  awake.stop();
  times.sort((a, b) => a - b);
  const quantile = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requestsPerSecond: times.length / seconds, p50: quantile(0.5), p99: quantile(0.99), refused };
}

/**
 * Looks for answers without ever sleeping. Waking a sleeping processor of a virtual machine costs the one who wakes it
 * some ten microseconds for each answer: the slower server would be charged for the idleness it leaves.
 */
function keepAwake(): { stop: () => void } {
  let running = true;
  const turn = (): void => {
    if (running) setImmediate(turn);
  };
  turn();
  return { stop: () => (running = false) };
}

function run(
  url: string,
  pauseMilliseconds: number,
  next: () => Buffer | null,
  done: (ms: number, ok: boolean) => void,
): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    let sent = 0;
    let pending: Buffer | null = null;
    const send = (): void => {
      const request = next();
      if (request === null) {
        socket.end();
        resolve();
        return;
      }
      sent = performance.now();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      pending = pending === null ? chunk : Buffer.concat([pending, chunk]);
      const head = pending.indexOf('\r\n\r\n');
      if (head === -1) return;
      const text = pending.toString('latin1', 0, head);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (pending.length < head + 4 + length) return;
      pending = null;
      done(performance.now() - sent, text.startsWith('HTTP/1.1 200'));
      if (pauseMilliseconds === 0) send();
      else setTimeout(send, pauseMilliseconds);
    });
  });
}
