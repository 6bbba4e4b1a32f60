import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { AheadReader } from '../../src/client/ahead-reader.ts';
import { type StreamBody, ownPlatform, requestStream } from '../../src/client/http.ts';

let server: Server;
afterEach(() => server.close());

/** The body of an answer whose bytes are written by `write`, once it was asked for. */
async function answered(write: (socket: Socket) => void, length = ''): Promise<StreamBody> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${length}Connection: close\r\n\r\n`,
      );
      write(socket);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { timeoutMilliseconds: 10_000, signal: undefined };
  const answer = await requestStream(ownPlatform(), `http://127.0.0.1:${port}/`, '{}', options);
  assert.ok('stream' in answer);
  return answer;
}

async function rest(reader: AheadReader): Promise<number> {
  let bytes = 0;
  for (let piece = await reader.read(); piece !== null; piece = await reader.read()) bytes += piece.length;
  return bytes;
}

describe('reading ahead', () => {
  test('keeps what came before the server closed, for who asks later', async () => {
    let closed = (): void => {};
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    const body = await answered((socket) => {
      for (let at = 0; at < 20; at++) socket.write(Buffer.alloc(32 * 1024, 0x61));
      socket.end();
      socket.once('close', closed);
    });
    const reader = new AheadReader(body);
    // Left to wait, it would keep the connection open, and end the process when the rest is read.
    await isClosed;
    assert.equal(await rest(reader), 20 * 32 * 1024);
    assert.equal(await reader.read(), null);
  });

  test('holds so many bytes and no more, and then breaks the connection', async () => {
    let closed = (): void => {};
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    const body = await answered((socket) => {
      socket.once('close', closed);
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(16 * 1024, 0x61)));
      };
      socket.on('drain', more);
      more();
    });
    const reader = new AheadReader(body, 256 * 1024);
    await isClosed;
    let held = 0;
    await assert.rejects(async () => {
      for (;;) held += (await reader.read())?.length ?? 0;
    }, /more came than was read/);
    assert.ok(held > 256 * 1024 && held < 512 * 1024, `${held} bytes were held`);
  });

  test('hands on what broke the body, after what came', async () => {
    const body = await answered((socket) => {
      socket.write('first', () => setImmediate(() => socket.resetAndDestroy()));
    }, 'Content-Length: 100\r\n');
    const reader = new AheadReader(body);
    await assert.rejects(rest(reader));
  });
});
