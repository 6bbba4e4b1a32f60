import assert from 'node:assert/strict';
import { type Socket, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openEvent } from '../../src/crypto/sealed-payload.ts';
import { connectionCount } from '../support/across-nodes.ts';
import { rounds } from '../support/long.ts';
import { skipWithSeveralNodes } from '../support/node-count.ts';
import { type SealedClient, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../support/test-server.ts';

/** A stream on a socket of its own, read without a parser between. */
class RawStream {
  readonly socket: Socket;
  /** Numbers of the messages that came. */
  readonly seqs: number[] = [];
  isOpen = false;
  isClosed = false;
  private readonly client: SealedClient;
  private text = '';

  constructor(client: SealedClient) {
    this.client = client;
    this.socket = connect(Number(new URL(client.url).port), '127.0.0.1');
    const body = client.seal('/events', {});
    this.socket.write(`POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('data', (chunk: Buffer) => this.take(chunk.toString('latin1')));
  }

  private take(chunk: string): void {
    this.text += chunk;
    if (!this.isOpen && this.text.includes(': open\n\n')) this.isOpen = true;
    for (let end = this.text.indexOf('\n\n'); end !== -1; end = this.text.indexOf('\n\n')) {
      const block = this.text.slice(0, end);
      this.text = this.text.slice(end + 2);
      if (!block.startsWith('data: ')) continue;
      const opened = openEvent(block.slice('data: '.length), this.client.enc, this.client.key);
      const event = JSON.parse(opened?.plaintext ?? '{}') as { kind?: string; seq?: number };
      if (event.kind === 'message') this.seqs.push(event.seq ?? 0);
    }
  }
}

describe('many streams', () => {
  let server: TestServer;
  let users: SealedClient[];
  const total = rounds(100, 1_000);
  const deaf = total / 10;
  before(async () => {
    server = await startTestServer();
    users = await Promise.all(Array.from({ length: 10 }, (_, at) => registered(server.url, `user${at}`)));
  });
  after(() => server.end());

  test(
    `${total} listen, of whom ${deaf} never read: the others miss nothing`,
    { timeout: 300_000, skip: skipWithSeveralNodes('the bytes that one process puts on a socket') },
    async () => {
      const [sender] = users as [SealedClient];
      const { room } = await sender.must('/create_room', { room: 'everybody', kind: 'open' });
      for (const user of users.slice(1)) await user.must('/join_room', { room });
      const streams = Array.from({ length: total }, (_, at) => new RawStream(users[at % users.length]!));
      await until(async () => (streams.every(({ isOpen }) => isOpen) ? true : undefined), 'every stream');
      const [silent, listening] = [streams.slice(0, deaf), streams.slice(deaf)];
      for (const { socket } of silent) socket.pause();
      const long = 'x'.repeat(60_000);
      let sent = 0;
      // Until more waits for the silent ones than the system and the server are ready to hold.
      while (connectionCount(server) > listening.length) {
        await sender.must('/send_message', { room, message: long });
        sent += 1;
        assert.ok(sent < 500, 'the silent ones are let go some time');
      }
      await sender.must('/send_message', { room, message: 'the last one' });
      sent += 1;
      await until(
        async () => (listening.every(({ seqs }) => seqs.at(-1) === sent) ? true : undefined),
        'the last message everywhere',
      );
      const expected = Array.from({ length: sent }, (_, at) => at + 1);
      for (const { seqs, isClosed } of listening) {
        assert.deepEqual(seqs, expected);
        assert.ok(!isClosed);
      }
      for (const { socket } of streams) socket.destroy();
    },
  );
});
