import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { AddressRanges } from '../../../src/core/addresses.ts';
import { whenAnnounced } from '../../../src/gateways/socket/announced-address.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { frame } from '../frames/frames-client.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';

const announcedAs = (address: string): string => `PROXY TCP4 ${address} 127.0.0.1 4711 7777\r\n`;
const banned = '192.0.2.66';
const welcome = '192.0.2.7';
const question = frame('LIS', {});

describe('a gateway behind a load balancer that is trusted', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({
      TRUST_PROXY: '127.0.0.1',
      LISTEN_FRAMES: 'tls://127.0.0.1:0',
      LISTEN_ROOMS: 'tcp://127.0.0.1:0',
      LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws',
    });
    const action = { kind: 'ban', reason: 'spam', until: null } as const;
    await server.core.moderation.impose('console', { ...action, target: { range: banned } });
  });
  after(() => server.end());

  async function opened(gateway: 'frames' | 'rooms', localAddress = '127.0.0.1'): Promise<Socket> {
    const { hostname: host, port } = new URL(server.gatewayUrls[gateway] ?? '');
    const socket = connect({ host, port: Number(port), localAddress });
    await once(socket, 'connect');
    return socket;
  }

  /** What comes back for bytes of the client, once somebody has said whose they are. */
  async function answerTo(announcement: readonly Buffer[], localAddress?: string): Promise<string> {
    const socket = await opened('rooms', localAddress);
    socket.setNoDelay(true);
    for (const bytes of announcement) socket.write(bytes);
    const answer: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => answer.push(bytes));
    const closed = once(socket, 'close');
    const answered = until(
      async () => Buffer.concat(answer).toString() || (socket.destroyed ? 'nothing' : undefined),
      'an answer',
    );
    socket.on('end', () => socket.end());
    const text = await answered;
    socket.destroy();
    await closed;
    return text;
  }
  /** Of which it is said that it was in vain. */
  const attempt = Buffer.from(JSON.stringify({ type: 'signup', username: '', password: '' }));

  test('takes the address that it is told, cut at every byte', async () => {
    const whole = Buffer.concat([Buffer.from(announcedAs(welcome)), attempt]);
    const answer = await answerTo([whole]);
    assert.notEqual(answer, 'nothing');
    for (let at = 1; at < whole.length; at += 7) {
      assert.equal(await answerTo([whole.subarray(0, at), whole.subarray(at)]), answer);
    }
  });

  test('refuses an address that is banned, however good the balancer', async () => {
    const answer = await answerTo([Buffer.from(announcedAs(welcome)), attempt]);
    assert.notEqual(await answerTo([Buffer.from(announcedAs(banned)), attempt]), answer);
  });

  test('serves who comes without a word, under their own address', async () => {
    assert.equal(await answerTo([attempt]), await answerTo([Buffer.from(announcedAs(welcome)), attempt]));
  });

  test('closes on a header that is none', async () => {
    assert.equal(await answerTo([Buffer.from('PROXY TCP4 nonsense\r\n'), attempt]), 'nothing');
  });

  test('believes nobody else', async () => {
    // Who is not the balancer said something that is no message of this gateway.
    const answer = await answerTo([Buffer.from(announcedAs(welcome)), attempt]);
    assert.notEqual(await answerTo([Buffer.from(announcedAs(welcome)), attempt], '127.0.0.3'), answer);
  });

  for (const how of ['in one piece', 'apart'] as const) {
    test(`speaks TLS behind the header, sent ${how}`, async () => {
      const raw = await opened('frames');
      raw.write(announcedAs(welcome));
      if (how === 'apart') await until(async () => (raw.bytesWritten > 0 ? true : undefined), 'a write');
      const secure = connectTls({ socket: raw, rejectUnauthorized: false });
      await once(secure, 'secureConnect');
      secure.write(question);
      const [answer] = (await once(secure, 'data')) as [Buffer];
      assert.ok(answer.length > 3);
      secure.destroy();
    });
  }

  test('says under TLS to who is banned that they are', async () => {
    const raw = await opened('frames');
    raw.write(announcedAs(banned));
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    const [answer] = (await once(secure, 'data')) as [Buffer];
    assert.match(answer.toString(), /spam/);
    secure.destroy();
  });

  test('reads X-Forwarded-For where a WebSocket begins', async () => {
    const socket = new WebSocket(server.gatewayUrls['chateau'] ?? '', {
      headers: { 'X-Forwarded-For': banned },
    });
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /403/);
  });

  test('closes where nothing is ever said', async () => {
    const clock = new ManualClock();
    const accepting = createServer((socket) => {
      whenAnnounced(socket, { trusted: new AddressRanges(['127.0.0.1']), timers: clock }, () => {
        assert.fail('nobody said anything');
      });
      clock.advance(29_999);
      assert.ok(!socket.destroyed);
      clock.advance(1);
      assert.ok(socket.destroyed);
    });
    accepting.listen(0, '127.0.0.1');
    await once(accepting, 'listening');
    const socket = connect((accepting.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'close');
    accepting.close();
  });
});
