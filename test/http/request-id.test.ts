import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { AddressRanges } from '../../src/core/addresses.ts';
import { observeRequests } from '../../src/http/observation.ts';
import { RequestCounts } from '../../src/http/request-counts.ts';
import { requestIds } from '../../src/http/request-id.ts';
import type { HttpContext } from '../../src/http/request.ts';
import { createLogger } from '../../src/logger.ts';
import { SealedClient, clientKeys, registered } from '../support/sealed-client.ts';
import { skipWithSeveralNodes } from '../support/node-count.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

const prefix = 'urn:letterlock:request:';
let server: TestServer | null = null;
afterEach(() => server?.end());

async function start(environment: Record<string, string> = {}): Promise<TestServer> {
  server = await startTestServer(environment);
  return server;
}

function linesOf({ log }: TestServer, message: string): LogLine[] {
  const lines = log().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as LogLine).filter((line) => line.message === message);
}

/** Makes every handshake fail from now on, for a reason that nobody expects. */
function breakHandshakes({ core }: TestServer): void {
  Object.assign(core.registry, {
    addAnonymous: () => {
      throw new Error('broken on purpose');
    },
  });
}

async function handshake({ url }: TestServer, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/create_session_key`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ public_key: clientKeys().publicKey.export({ format: 'jwk' }) }),
  });
  const body = (await response.json()) as { code: string; instance?: string };
  return { status: response.status, ...body };
}

describe('a fault', { skip: skipWithSeveralNodes('a fault that one process is made to have') }, () => {
  test('is answered, sealed, with the name that the log has the request under', async () => {
    const running = await start();
    const client = await registered(running.url, 'unlucky');
    for (const { store } of running.nodes) {
      Object.assign(store.read.rooms, { ofUser: () => Promise.reject(new Error('broken on purpose')) });
    }
    const answer = await client.refused('internal', '/list_rooms');
    assert.equal(answer.status, 500);
    assert.ok(answer.sealed);
    const instance = String(answer.body['instance']);
    assert.ok(instance.startsWith(prefix), instance);
    const [fault, ...others] = linesOf(running, 'a request failed');
    assert.deepEqual(others, []);
    assert.equal(fault?.['request'], instance.slice(prefix.length));
    assert.equal(fault?.['path'], '/list_rooms');
    assert.match(JSON.stringify(fault?.['error']), /broken on purpose/);
    const seen = linesOf(running, 'request').find((line) => line['outcome'] === 'internal');
    assert.equal(seen?.['request'], fault?.['request'], 'every line about it has the same name');
  });

  test('is answered in the clear with such a name where there is no session', async () => {
    const running = await start();
    breakHandshakes(running);
    const first = await handshake(running);
    const second = await handshake(running);
    assert.equal(first.status, 500);
    assert.equal(first.code, 'internal');
    assert.notEqual(first.instance, second.instance);
    assert.deepEqual(
      linesOf(running, 'a request failed').map((line) => prefix + String(line['request'])),
      [first.instance, second.instance],
    );
  });

  test('is all that gets a name: a refusal has none', async () => {
    const running = await start();
    const client = await SealedClient.open(running.url);
    const answer = await client.refused('not_logged_in', '/me');
    assert.equal(answer.body['instance'], undefined);
  });
});

describe('X-Request-Id', { skip: skipWithSeveralNodes('whom one process trusts') }, () => {
  const named = async (running: TestServer, name: string): Promise<boolean> =>
    (await handshake(running, { 'X-Request-Id': name })).instance === prefix + name;

  test('is taken over from a trusted proxy where it is harmless', async () => {
    const running = await start({ TRUST_PROXY: '127.0.0.1' });
    breakHandshakes(running);
    for (const name of ['a', 'edge-01.4f_2B', 'x'.repeat(64)]) assert.ok(await named(running, name), name);
    for (const name of ['', 'two words', 'x'.repeat(65), 'a"b', 'a,b', '{}', 'a\tb', 'é']) {
      assert.ok(!(await named(running, name)), JSON.stringify(name));
    }
    assert.equal(linesOf(running, 'a request failed').length, 11, 'each is one line');
  });

  test('is taken over from nobody else', async () => {
    for (const trusted of [{}, { TRUST_PROXY: '192.0.2.0/24' }]) {
      const running = await start(trusted);
      breakHandshakes(running);
      assert.ok(!(await named(running, 'forged')));
      assert.ok(!running.log().includes('forged'));
      await running.end();
    }
    server = null;
  });
});

describe('the log of requests', () => {
  test('has a line for each at the level debug, by the path’s pattern', async () => {
    const running = await start();
    const client = await registered(running.url, 'logged-by-pattern');
    await client.must('/public_key/logged-by-pattern');
    await client.refused('user_unknown', '/public_key/nobody-by-pattern');
    await fetch(`${running.url}/no/such/path`);
    const lines = linesOf(running, 'request').slice(-3);
    const facts = lines.map(({ level, path, status, outcome }) => [level, path, status, outcome]);
    assert.deepEqual(facts, [
      ['debug', '/public_key/:username', 200, 'ok'],
      ['debug', '/public_key/:username', 404, 'user_unknown'],
      ['debug', 'none', 404, 'not_found'],
    ]);
    for (const { milliseconds } of lines) assert.ok(typeof milliseconds === 'number' && milliseconds > 0);
    assert.equal(new Set(lines.map(({ request }) => request)).size, 3);
    assert.doesNotMatch(running.log(), /by-pattern|no\/such/);
  });

  test('has none above it, and gives no request a name for nothing', () => {
    const written: string[] = [];
    let names = 0;
    const observation = observeRequests({
      counts: new RequestCounts(),
      requestId: () => `name-${++names}`,
      logger: createLogger({ level: 'info', pretty: false, sink: { write: (line) => written.push(line) } }),
    });
    observation.of('/me')({} as HttpContext, performance.now(), 'ok');
    assert.deepEqual([written, names], [[], 0]);
  });

  test('makes one name for a request, however often it is asked for', () => {
    let kept: string | undefined;
    const context = {
      env: {},
      get: () => kept,
      set: (_: string, id: string) => {
        kept = id;
      },
    } as unknown as HttpContext;
    const requestId = requestIds(new AddressRanges([]));
    const name = requestId(context);
    assert.match(name, /^[0-9a-f-]{36}$/);
    assert.equal(requestId(context), name);
  });
});
