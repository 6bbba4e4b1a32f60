import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LetterlockError } from '../../src/client/index.ts';
import { ada, ending, problemBody, withClient, withCode, withServer } from './connected.ts';
import type { Misdeed } from './protocol-server.ts';

const clear = (status: number, code: string, headers: Record<string, string> = {}): Misdeed => ({
  clear: problemBody(code),
  status,
  headers,
});

describe('answers in the clear', { concurrency: true }, () => {
  test('are believed where the server has no session to seal with, but not their texts', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      for (const [status, code] of [
        [400, 'payload_malformed'],
        [401, 'payload_rejected'],
        [404, 'not_found'],
        [413, 'too_large'],
        [500, 'internal'],
      ] as const) {
        server.misbehave('/me', clear(status, code));
        await assert.rejects(client.me(), (error) => {
          assert.ok(error instanceof LetterlockError);
          assert.deepEqual([error.code, error.status, error.sealed], [code, status, false]);
          return error.message === code;
        });
      }
    });
  });

  test('are as good as none with any other code, or with status 200', async () => {
    await withClient({ attempts: 2 }, async ({ server, client }) => {
      await client.register(ada);
      for (const code of ['wrong_credentials', 'not_logged_in', 'key_refused', 'replayed', 'made_up']) {
        server.misbehave('/me', clear(409, code), clear(409, code));
        assert.equal(await ending(client.me()), 'unreachable');
        server.misbehave('/me', clear(409, code));
        assert.equal((await client.me()).username, 'ada');
      }
      server.misbehave('/me', { clear: { user: { username: 'eve' } }, status: 200 });
      assert.equal((await client.me()).username, 'ada');
    });
  });

  test('cannot refuse a password', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      await client.logout();
      server.misbehave('/login_user', clear(401, 'wrong_credentials'));
      assert.equal((await client.login(ada)).username, 'ada');
    });
  });

  test('refuse a handshake with the codes of handshakes alone', async () => {
    await withServer(async ({ server, connected }) => {
      server.misbehave('/create_session_key', clear(422, 'key_refused'));
      await assert.rejects(connected(), withCode('key_refused'));
      server.misbehave('/create_session_key', clear(401, 'session_unknown'), clear(429, 'busy'));
      await connected();
      assert.equal(server.count('/create_session_key'), 4);
    });
  });

  test('say at the handshake that an address is kept out, and nothing that anybody could have written', async () => {
    await withServer(async ({ server, connected }) => {
      for (const code of ['kicked', 'banned'] as const) {
        const texts = { detail: 'call this number', reason: 'pay first', until: '2027-01-01T00:00:00.000Z' };
        server.misbehave('/create_session_key', { clear: { ...problemBody(code), ...texts }, status: 403 });
        await assert.rejects(connected(), (error: unknown) => {
          assert.ok(error instanceof LetterlockError);
          const { message, reason, until, sealed } = error;
          assert.deepEqual([error.code, message, reason, until, sealed], [code, code, null, null, false]);
          return true;
        });
      }
      assert.equal(server.count('/create_session_key'), 2);
    });
  });

  test('open no session when the handshake was changed on the way', async () => {
    await withServer(async ({ server, connected }) => {
      const other = 'A'.repeat(342);
      for (const handshake of [{ key: other }, { session_key: 'other' }, { signature: 'A'.repeat(86) }]) {
        server.misbehave('/create_session_key', { handshake });
        await assert.rejects(connected(), withCode('signature_wrong'));
      }
      server.misbehave('/create_session_key', { handshake: { server_key_id: 'other' } });
      await assert.rejects(connected({ identity: server.keyId }), withCode('identity_changed'));
      server.misbehave('/create_session_key', { handshake: { enc: 'A256CBC-HS512' } });
      await assert.rejects(connected({ attempts: 1 }), withCode('unreachable'));
      const none = { clear: { keys: [null, { kty: 'OKP' }] }, status: 200 };
      server.misbehave('/.well-known/jwks.json', none);
      await assert.rejects(connected(), withCode('signature_wrong'));
      const pins = {
        get: () => null,
        set: () => {
          throw new Error('the disk is full');
        },
      };
      await assert.rejects(connected({ pins }), withCode('platform_unsupported'));
    });
  });

  test('do not make a change again that they hide', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      for (const [status, code] of [
        [429, 'rate_limited'],
        [503, 'busy'],
        [401, 'session_unknown'],
        [401, 'wrong_credentials'],
      ] as const) {
        const before = server.users.get('ada')?.changes ?? 0;
        server.misbehave('/rotate_user_key', { doneButClear: problemBody(code), status });
        await ending(client.rotateUserKey({ password: ada.password }));
        assert.equal(server.users.get('ada')?.changes, before + 1, code);
        if (code === 'session_unknown') await client.login(ada);
      }
    });
  });

  test('that refuse after an answer was lost leave open what was done', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave('/rotate_user_key', 'lose the answer', clear(413, 'too_large'));
      await assert.rejects(client.rotateUserKey({ password: ada.password }), withCode('outcome_unknown'));
    });
  });
});

describe('sealed answers', { concurrency: true }, () => {
  test('are rejected when they do not open, or answer something else, or hold no object', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      const misdeeds: Misdeed[] = [
        'forge',
        'seal nonsense',
        { header: { re: 1 } },
        { header: { status: 201 } },
        { header: { alg: 'none' } },
        { clear: { payload: 'a.b.c.d.e' }, status: 200 },
      ];
      for (const misdeed of misdeeds) {
        server.misbehave('/me', misdeed);
        await assert.rejects(client.me(), withCode('answer_rejected'));
      }
      assert.equal((await client.me()).username, 'ada');
    });
  });

  test('that say a number was used get a fresh one, and the change is made once', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      const [session] = server.sessions.values();
      for (let seq = 1; seq <= 40; seq++) session?.seen.add(seq);
      assert.equal((await client.me()).username, 'ada');
      assert.deepEqual([server.count('/me'), server.log.at(-1)?.seq], [2, 41]);
      server.misbehave('/rotate_user_key', 'twice');
      assert.equal(await client.rotateUserKey({ password: ada.password }), 'key 1');
    });
  });
});

describe('pauses', { concurrency: true }, () => {
  const html = (status: number, headers: Record<string, string> = {}): Misdeed => ({
    clear: '<h1>Bad gateway</h1>',
    status,
    headers: { 'Content-Type': 'text/html', ...headers },
  });

  test('are as long as the header asks for, in seconds or as a date, and the body before it', async () => {
    await withClient({}, async ({ server, client, pauses, clock }) => {
      await client.register(ada);
      const date = new Date(clock.now + 9_000).toUTCString();
      server.misbehave(
        '/me',
        html(502, { 'Retry-After': '7' }),
        html(503, { 'Retry-After': date }),
        clear(503, 'busy', { 'Retry-After': '3' }),
        {
          clear: problemBody('rate_limited', { retry_after: 5 }),
          status: 429,
          headers: { 'Retry-After': '1' },
        },
      );
      await client.me();
      const jitter = [200, 400, 800, 1600];
      assert.deepEqual(
        pauses,
        [7_000, 9_000, 3_000, 5_000].map((least, at) => least + (jitter[at] ?? 0)),
      );
    });
  });

  test('are short where the header says nothing that can be read', async () => {
    await withClient({}, async ({ server, client, pauses }) => {
      await client.register(ada);
      const past = 'Thu, 01 Jan 1970 00:00:00 GMT';
      server.misbehave(
        '/me',
        html(504),
        html(200, { 'Retry-After': '-5' }),
        html(502, { 'Retry-After': past }),
      );
      await client.me();
      assert.deepEqual(pauses, [200, 400, 800]);
    });
  });

  test('that are too long are left to the caller', async () => {
    await withClient({}, async ({ server, client, pauses }) => {
      await client.register(ada);
      server.misbehave('/me', html(503, { 'Retry-After': '3600' }));
      await assert.rejects(
        client.me(),
        (error) =>
          error instanceof LetterlockError && error.code === 'unreachable' && error.retryAfter === 3600,
      );
      assert.deepEqual(pauses, []);
    });
  });

  test('end with the attempts', async () => {
    await withClient({ attempts: 3 }, async ({ server, client, pauses }) => {
      server.misbehave('/me', 'drop', 'drop', 'drop');
      assert.equal(await ending(client.me()), 'unreachable');
      assert.deepEqual([server.count('/me'), pauses.length], [3, 2]);
    });
  });
});
