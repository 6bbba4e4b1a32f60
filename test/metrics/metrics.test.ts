import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { SealedClient, clientKeys, emailOf, passwordOf, registered } from '../support/sealed-client.ts';
import { newFolder, removeFolder, spawnServer } from '../support/server-process.ts';
import { type TestServer, startTestServer, until } from '../support/test-server.ts';
import { type Exposition, scrape } from './exposition.ts';

const served = { LISTEN_METRICS: 'http://127.0.0.1:0' };

describe('the metrics', () => {
  let server: TestServer;
  let ada: SealedClient;
  let bert: SealedClient;
  before(async () => {
    server = await startTestServer(served);
    ada = await registered(server.url, 'ada-of-the-metrics');
    bert = await registered(server.url, 'bert-of-the-metrics');
  });
  after(() => server.end());

  /** How much the line has grown since the scrape before. */
  const grownSince =
    (earlier: Exposition, later: Exposition) =>
    (name: string, labels: Record<string, string> = {}): number =>
      later.value(name, labels) - earlier.value(name, labels);

  test('count requests by route and what came of them, and refusals by reason', async () => {
    const earlier = await scrape(server.metricsUrl);
    for (let at = 0; at < 3; at++) await ada.must('/me');
    await ada.must(`/public_key/bert-of-the-metrics`);
    await ada.refused('user_unknown', '/public_key/nobody-of-the-metrics');
    const stranger = await SealedClient.open(server.url);
    await stranger.refused('not_logged_in', '/me');
    await stranger.send('/me', '{}');
    await fetch(`${server.url}/a/path/of/ada-of-the-metrics`);
    await fetch(`${server.url}/me`);
    await fetch(`${server.url}/me`, { method: 'OPTIONS' });
    const later = await scrape(server.metricsUrl);
    const grown = grownSince(earlier, later);
    const requests = (route: string, code: string): number =>
      grown('letterlock_http_requests_total', { route, code });
    assert.equal(requests('/me', 'ok'), 4, 'three times asked, once a preflight');
    assert.equal(requests('/me', 'not_logged_in'), 1);
    assert.equal(requests('/me', 'payload_malformed'), 1);
    assert.equal(requests('/me', 'method_not_allowed'), 1);
    assert.equal(requests('/public_key/:username', 'ok'), 1);
    assert.equal(requests('/public_key/:username', 'user_unknown'), 1);
    assert.equal(requests('/create_session_key', 'ok'), 1);
    assert.equal(requests('none', 'not_found'), 1);
    assert.equal(grown('letterlock_http_request_duration_seconds_count', { route: '/me' }), 7);
    assert.ok(grown('letterlock_http_request_duration_seconds_sum', { route: '/me' }) > 0);
    for (const reason of ['not_logged_in', 'payload_malformed', 'method_not_allowed', 'user_unknown']) {
      assert.equal(grown('letterlock_refusals_total', { reason }), 1, reason);
    }
  });

  test('count what is no request at all', async () => {
    const earlier = await scrape(server.metricsUrl);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.end('this is no HTTP\r\n\r\n');
    await closed;
    const grown = grownSince(earlier, await scrape(server.metricsUrl));
    assert.equal(grown('letterlock_http_requests_total', { route: 'none', code: 'payload_malformed' }), 1);
  });

  test('have buckets that only grow, up to the count', async () => {
    const { lines, value } = await scrape(server.metricsUrl);
    const buckets = lines.filter(
      ({ name, labels }) =>
        name === 'letterlock_http_request_duration_seconds_bucket' && labels['route'] === '/me',
    );
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
    );
    const counts = buckets.map((bucket) => bucket.value);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    assert.equal(bounds.at(-1), Infinity);
    assert.equal(counts.at(-1), value('letterlock_http_request_duration_seconds_count', { route: '/me' }));
  });

  test('count handshakes, and the sessions that are held', async () => {
    const earlier = await scrape(server.metricsUrl);
    await SealedClient.open(server.url);
    await ada.must('/rotate_session_key', { public_key: clientKeys().publicKey.export({ format: 'jwk' }) });
    const later = await scrape(server.metricsUrl);
    const grown = grownSince(earlier, later);
    assert.equal(grown('letterlock_handshakes_total', { kind: 'opened' }), 1);
    assert.equal(grown('letterlock_handshakes_total', { kind: 'rotated' }), 1);
    assert.equal(grown('letterlock_sessions', { kind: 'anonymous' }), 1);
    assert.equal(grown('letterlock_sessions', { kind: 'logged_in' }), 1, 'the old key is good for a while');
  });

  test('count writes, and the commits that they share', async () => {
    const { room } = await ada.must('/create_room', { room: 'shared commits', kind: 'open' });
    const earlier = await scrape(server.metricsUrl);
    const messages = Array.from({ length: 40 }, (_, at) => `message ${at}`);
    await Promise.all(messages.map((message) => ada.must('/send_message', { room, message })));
    const grown = grownSince(earlier, await scrape(server.metricsUrl));
    const writes = grown('letterlock_commit_writes_sum');
    const commits = grown('letterlock_commit_writes_count');
    assert.ok(writes >= 40, `${writes} writes`);
    assert.ok(commits >= 1 && commits < writes, `${commits} commits for ${writes} writes`);
    assert.ok(grown('letterlock_commit_writes_bucket', { le: '1' }) < commits, 'some commits were shared');
    assert.equal(grown('letterlock_commit_writes_bucket', { le: '+Inf' }), commits);
  });

  test('count connections and deliveries by way in', async () => {
    const earlier = await scrape(server.metricsUrl);
    const { room } = await ada.must('/create_room', { room: 'deliveries', kind: 'open' });
    await bert.must('/join_room', { room });
    const events = await EventReader.open(bert, { rooms: [room] });
    const during = await scrape(server.metricsUrl);
    const way = { way: 'events' };
    assert.equal(grownSince(earlier, during)('letterlock_connections', way), 1);
    for (const message of ['one', 'two', 'three']) await ada.must('/send_message', { room, message });
    for (const message of ['one', 'two', 'three']) {
      assert.equal((await events.next('message'))['message'], message);
    }
    const delivered = grownSince(during, await scrape(server.metricsUrl))('letterlock_deliveries_total', way);
    assert.ok(delivered >= 3 && delivered <= 3 + events.events.length, `${delivered} deliveries`);
    events.close();
    await until(
      async () =>
        (await scrape(server.metricsUrl)).value('letterlock_connections', way) ===
        earlier.value('letterlock_connections', way)
          ? true
          : undefined,
      'an end of the connection',
    );
  });

  test('count streams that are cut off because nobody reads them', async () => {
    const earlier = await scrape(server.metricsUrl);
    const { room } = await ada.must('/create_room', { room: 'a deaf listener', kind: 'open' });
    await bert.must('/join_room', { room });
    const deaf = connect(Number(new URL(server.url).port), '127.0.0.1');
    const body = bert.seal('/events', {});
    deaf.on('error', () => {});
    deaf.pause();
    deaf.write(
      `POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await until(
      async () => (server.core.hub.counts.connections.get('events') ? true : undefined),
      'a stream',
    );
    await until(async () => {
      await ada.must('/send_message', { room, message: 'x'.repeat(60_000) });
      const grown = grownSince(earlier, await scrape(server.metricsUrl));
      return grown('letterlock_connections_cut_off_total', { way: 'events' }) === 1 ? true : undefined;
    }, 'a stream that was cut off');
    deaf.destroy();
  });

  test('count mails', async () => {
    const earlier = await scrape(server.metricsUrl);
    const lost = await SealedClient.open(server.url);
    await lost.must('/forgot_password', { email: emailOf('ada-of-the-metrics') });
    await server.mailTo(emailOf('ada-of-the-metrics'));
    await until(async () => {
      const later = await scrape(server.metricsUrl);
      if (later.value('letterlock_queue_waiting', { queue: 'mail' }) > 0) return undefined;
      return grownSince(earlier, later)('letterlock_mail_attempts_total', { result: 'accepted' }) === 1
        ? true
        : undefined;
    }, 'an accepted mail');
  });

  test('show queues, the event loop and the process', async () => {
    const { lines, value } = await scrape(server.metricsUrl);
    for (const queue of ['write', 'decryption', 'password']) {
      for (const state of ['running', 'waiting']) {
        const named = lines.filter(
          ({ name, labels }) => name === `letterlock_queue_${state}` && labels['queue'] === queue,
        );
        assert.equal(named.length, 1, `${queue} ${state}`);
      }
    }
    assert.ok(lines.some(({ name }) => name === 'nodejs_eventloop_lag_p99_seconds'));
    assert.ok(value('process_resident_memory_bytes') > 1_000_000);
    assert.ok(value('process_cpu_seconds_total') > 0);
    assert.ok(!lines.some(({ name }) => name.startsWith('nodejs_active_')), 'nothing that lists all sockets');
  });

  test('hold no name, path, address or secret of anybody', async () => {
    const { text } = await scrape(server.metricsUrl);
    const secrets = ['of-the-metrics', 'example.org', passwordOf('ada-of-the-metrics'), ada.sessionKey];
    for (const secret of [...secrets, '127.0.0.1', 'deaf listener', '/a/path']) {
      assert.ok(!text.includes(secret), secret);
    }
    assert.match(text, /route="\/public_key\/:username"/, 'the search looks at the right text');
  });

  test('are all there is at their address', async () => {
    for (const path of ['/', '/healthz', '/metrics/', '/metricsx', '/me', '/create_session_key']) {
      assert.equal((await fetch(`${server.metricsUrl}${path}`)).status, 404, path);
    }
    const posted = await fetch(`${server.metricsUrl}/metrics`, { method: 'POST' });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.get('allow'), 'GET, HEAD');
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404, 'nor are they elsewhere');
  });
});

test('a port for metrics that is in use is named by its own variable', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  const folder = newFolder();
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  const { child, log } = spawnServer(folder, { LISTEN_METRICS: `http://127.0.0.1:${port}` });
  const [code] = (await once(child, 'close')) as [number | null];
  holder.close();
  removeFolder(folder);
  assert.equal(code, 1);
  assert.match(log(), /in use by another program: choose another port in LISTEN_METRICS/);
});

describe('LISTEN_METRICS', () => {
  let server: TestServer | null = null;
  afterEach(() => server?.end());

  test('is off unless somebody sets it', async () => {
    server = await startTestServer();
    assert.equal(server.metricsUrl, null);
  });

  const warning = /LISTEN_METRICS: whoever reaches this address reads the metrics/;

  test('warns of an address that others reach in the clear', async () => {
    server = await startTestServer({ LISTEN_METRICS: 'http://0.0.0.0:0' });
    await scrape(server.metricsUrl);
    assert.match(server.log(), warning);
  });

  for (const quiet of ['http://127.0.0.1:0', 'https://0.0.0.0:0']) {
    test(`does not warn of ${quiet}`, async () => {
      server = await startTestServer({ LISTEN_METRICS: quiet });
      assert.doesNotMatch(server.log(), warning);
    });
  }
});
