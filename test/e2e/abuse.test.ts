import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SealedClient, clientKeys, emailOf, passwordOf, registered } from '../support/sealed-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

describe('guessing passwords', () => {
  let server: TestServer;
  const clock = new ManualClock();
  before(async () => {
    server = await startTestServer({}, { clock });
  });
  after(() => server.end());

  test('slows the account after five failures, for a minute at most, and never the sessions that are open', async () => {
    const owner = await registered(server.url, 'target');
    const attacker = await SealedClient.open(server.url);
    let waited = 0;
    for (let at = 0; at < 20; at++) {
      const answer = await attacker.call('/login_user', {
        email: emailOf('target'),
        password: `wrong ${at}`,
      });
      if (String(answer.body['code']) !== 'rate_limited') continue;
      const seconds = Number(answer.headers.get('retry-after'));
      assert.ok(seconds >= 1 && seconds <= 60, `${seconds} s`);
      assert.equal(answer.body['retry_after'], seconds);
      waited = Math.max(waited, seconds);
      clock.advance(seconds * 1000);
    }
    assert.equal(waited, 60);
    await owner.must('/me');
    clock.advance(60_000);
    const back = await SealedClient.open(server.url);
    await back.must('/login_user', { email: emailOf('target'), password: passwordOf('target') });
  });

  test('gains nothing from a hundred guesses side by side', async () => {
    await registered(server.url, 'crowded');
    const attacker = await SealedClient.open(server.url);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        attacker.call('/login_user', { username: 'crowded', password: `wrong ${at}` }),
      ),
    );
    const compared = answers.filter(({ body }) => String(body['code']) === 'wrong_credentials').length;
    assert.equal(compared, 5);
  });

  test('gets the same for a name that nobody has', async () => {
    const attacker = await SealedClient.open(server.url);
    const codes = [];
    for (let at = 0; at < 6; at++) {
      codes.push(
        String(
          (await attacker.call('/login_user', { username: 'nobody', password: `wrong ${at}` })).body['code'],
        ),
      );
    }
    assert.deepEqual(codes, [...Array<string>(5).fill('wrong_credentials'), 'rate_limited']);
  });

  test('is counted for confirmations of changes too', async () => {
    const thief = await registered(server.url, 'borrowed');
    for (let at = 0; at < 5; at++) {
      await thief.refused('wrong_credentials', '/change_username', {
        new_username: 'mine',
        password: `wrong ${at}`,
      });
    }
    await thief.refused('rate_limited', '/delete_account', { password: passwordOf('borrowed') });
    await thief.must('/me');
  });
});

describe('limits by address', () => {
  test('refuse what is too much, say when to come back, and do nothing of it', async () => {
    const clock = new ManualClock();
    const server = await startTestServer({ LIMITS: 'on' }, { clock });
    try {
      const clients = [];
      for (let at = 0; at < 21; at++) clients.push(await SealedClient.open(server.url));
      const answers = [];
      for (const [at, client] of clients.entries()) {
        const fields = { username: `user${at}`, email: emailOf(`user${at}`), password: passwordOf('x') };
        answers.push(await client.call('/register_user', fields));
      }
      assert.deepEqual([...new Set(answers.slice(0, 20).map(({ status }) => status))], [200]);
      const refused = answers[20];
      assert.deepEqual([refused?.status, String(refused?.body['code'])], [429, 'rate_limited']);
      assert.ok(Number(refused?.headers.get('retry-after')) >= 1);
      await clients[0]!.refused('user_unknown', '/public_key/user20');
      clock.advance(Number(refused?.headers.get('retry-after')) * 1000);
      await clients[20]!.must('/register_user', {
        username: 'user20',
        email: emailOf('user20'),
        password: passwordOf('x'),
      });
    } finally {
      await server.end();
    }
  });

  test("look at the address that a trusted proxy names, and at nobody else's word", async () => {
    const public_key = clientKeys().publicKey.export({ format: 'jwk' });
    const refusedOf130 = async (environment: Record<string, string>): Promise<number> => {
      const server = await startTestServer({ LIMITS: 'on', ...environment }, { clock: new ManualClock() });
      const statuses: number[] = [];
      for (let at = 0; at < 130; at++) {
        const response = await fetch(`${server.url}/create_session_key`, {
          method: 'POST',
          headers: { 'X-Forwarded-For': `198.51.100.7, 203.0.113.${at}` },
          body: JSON.stringify({ public_key }),
        });
        await response.arrayBuffer();
        statuses.push(response.status);
      }
      await server.end();
      return statuses.filter((status) => status === 429).length;
    };
    assert.equal(await refusedOf130({}), 10);
    assert.equal(await refusedOf130({ TRUST_PROXY: '127.0.0.1' }), 0);
    assert.equal(await refusedOf130({ TRUST_PROXY: '127.0.0.1, 203.0.113.0/24' }), 10);
  });
});

describe('500 registrations of one name in different spellings', () => {
  test('leave one winner', async () => {
    const server = await startTestServer();
    try {
      const letters = 'concurrency'.split('');
      const spelled = (at: number): string =>
        letters.map((letter, place) => ((at >> place) & 1 ? letter.toUpperCase() : letter)).join('');
      const clients = await Promise.all(Array.from({ length: 20 }, () => SealedClient.open(server.url)));
      const answers = await Promise.all(
        Array.from({ length: 500 }, (_, at) =>
          clients[at % 20]!.call('/register_user', {
            username: spelled(at),
            email: emailOf(`one-of-many-${at}`),
            password: 'the same for everybody here',
          }),
        ),
      );
      const statuses = answers.map(({ status, body }) => `${status} ${String(body['code'] ?? '')}`);
      assert.equal(statuses.filter((each) => each.startsWith('200')).length, 1);
      assert.deepEqual(
        [...new Set(statuses.filter((each) => !each.startsWith('200')))].filter(
          (each) => each !== '503 busy',
        ),
        ['409 username_taken'],
      );
    } finally {
      await server.end();
    }
  });
});
