import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { FramesClient } from '../gateways/frames/frames-client.ts';
import { EventReader } from '../support/event-reader.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Nginx, startNginx, withoutNginx } from '../support/nginx.ts';
import { registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

const generateKeyPairAsync = promisify(generateKeyPair);

describe('the configuration of nginx', { skip: withoutNginx }, () => {
  let server: TestServer;
  let nginx: Nginx;
  let url: string;
  const verify = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];

  before(async () => {
    // The certificate is made for the test, and nobody vouches for it.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    server = await startTestServer({
      TRUST_PROXY: '127.0.0.1',
      LISTEN_FRAMES: 'tls://127.0.0.1:0',
      LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws',
      LISTEN_RESET: 'https://127.0.0.1:0',
    });
    const here: Record<number, string> = {
      3000: new URL(server.url).host,
      5050: new URL(server.gatewayUrls['reset'] ?? '').host,
      7777: new URL(server.gatewayUrls['frames'] ?? '').host,
      8888: new URL(server.gatewayUrls['chateau'] ?? '').host,
    };
    const [nobody] = await freePorts(1);
    // One of three is there: the others are nodes that have gone.
    nginx = await startNginx((node, port) =>
      node === 'node2' ? (here[port] ?? `127.0.0.1:${nobody}`) : `127.0.0.1:${nobody}`,
    );
    url = `https://127.0.0.1:${nginx.portFor(443)}`;
  });
  after(async () => {
    await nginx?.stop();
    await server?.end();
    if (verify === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = verify;
  });

  let publicKey: string;
  before(async () => {
    const pair = await generateKeyPairAsync('rsa', { modulusLength: 2048 });
    publicKey = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
  });

  /** Asks for a session from one of this machine's own addresses; the status. */
  async function handshake(localAddress: string, headers: Record<string, string> = {}): Promise<number> {
    const body = JSON.stringify({ public_key: publicKey });
    const outgoing = request(`${url}/create_session_key`, {
      method: 'POST',
      localAddress,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode ?? 0;
  }

  test('finds the node that is there, for every request', async () => {
    for (let round = 0; round < 20; round++) {
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
    }
  });

  test('sends who comes in the clear to where TLS is', async () => {
    const answer = await fetch(`http://127.0.0.1:${nginx.portFor(80)}/docs`, { redirect: 'manual' });
    assert.equal(answer.status, 308);
    assert.match(answer.headers.get('location') ?? '', /^https:\/\/127\.0\.0\.1\/docs$/);
  });

  test('holds nothing of an event stream back', async () => {
    const listener = await registered(url, 'listener');
    const events = await EventReader.open(listener);
    const speaker = await registered(url, 'speaker');
    await speaker.must('/send_message', { to: 'listener', message: 'through the proxy' });
    await events.next('message', ({ message }) => String(message) === 'through the proxy');
    events.close();
  });

  test('says whose request it is, and takes nobody’s own word for it', async () => {
    const target = { range: '127.0.0.2' };
    await server.core.moderation.impose('console', { kind: 'ban', target, reason: 'spam', until: null });
    assert.equal(await handshake('127.0.0.2'), 403);
    assert.equal(await handshake('127.0.0.2', { 'X-Forwarded-For': '127.0.0.9' }), 403);
    assert.equal(await handshake('127.0.0.1'), 200);
    assert.equal(await handshake('127.0.0.1', { 'X-Forwarded-For': '127.0.0.2' }), 200);
  });

  test('brings the frames gateway through, TLS and all, with the address of who is there', async () => {
    const client = await FramesClient.open(`tls://127.0.0.1:${nginx.portFor(7777)}`);
    client.close();
  });

  test('brings a WebSocket through', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${nginx.portFor(8888)}/ws`);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.terminate();
  });

  test('brings the pages of mailed links through', async () => {
    const answer = await fetch(`https://127.0.0.1:${nginx.portFor(5050)}/`);
    assert.ok(answer.status < 500, `${answer.status}`);
  });

  test('logs no path, since a path can hold a token', async () => {
    await fetch(`https://127.0.0.1:${nginx.portFor(5050)}/reset/abcdefghijklmnop`);
    assert.doesNotMatch(nginx.log(), /abcdefghijklmnop/);
  });
});
