import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '../../src/logger.ts';
import { type Listener, listen } from '../../src/http/listener.ts';

const logger = createLogger({ level: 'silent' });

/** Sends what it is told and nothing more; what came back before the server closed. */
function dribble(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

describe('a listener', () => {
  let listener: Listener;
  before(async () => {
    listener = await listen({
      host: '127.0.0.1',
      port: 0,
      tls: null,
      logger,
      headersMilliseconds: 150,
      requestMilliseconds: 300,
      fetch: async (request: Request) => new Response(await request.text()),
    });
  });
  after(() => listener.drain(100));

  test('gives up on headers that do not end', async () => {
    assert.match(
      await dribble(listener.url, 'POST / HTTP/1.1\r\nHost: x\r\n'),
      /^HTTP\/1\.1 408[\s\S]*request_timeout/,
    );
  });

  test('gives up on a body that does not come', async () => {
    const answer = await dribble(listener.url, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    assert.match(answer, /408|^$/);
  });

  test('lets what is in flight finish before it is gone, and accepts nothing new', async () => {
    let release = (): void => {};
    let entered = (): void => {};
    const arrived = new Promise<void>((resolve) => (entered = resolve));
    const own = await listen({
      host: '127.0.0.1',
      port: 0,
      tls: null,
      logger,
      fetch: async () => {
        entered();
        await new Promise<void>((resolve) => (release = resolve));
        return new Response('done');
      },
    });
    const inFlight = fetch(own.url);
    await arrived;
    const drained = own.drain(10_000);
    await assert.rejects(fetch(own.url));
    release();
    assert.equal(await (await inFlight).text(), 'done');
    await drained;
  });
});
