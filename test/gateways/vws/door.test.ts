import assert from 'node:assert/strict';
import { constants, privateDecrypt } from 'node:crypto';
import { describe, test } from 'node:test';
import { Refusal, errorCatalogue } from '../../../src/core/errors.ts';
import { type VwsAnswer, refusedAnswer } from '../../../src/gateways/vws/answers.ts';
import { type VwsRequest, vwsRoutes } from '../../../src/gateways/vws/door.ts';
import type { VwsCore } from '../../../src/gateways/vws/operations.ts';
import { clientKeys } from '../../support/sealed-client.ts';
import { golden } from './golden.ts';
import { encrypt, publicKeyHex } from './vws-client.ts';

function countingBytes(): (size: number) => Buffer {
  let count = 0;
  return (size) => Buffer.from(Array.from({ length: size }, () => count++ % 256));
}

const account = { id: 'u', username: 'u', email: null, createdAt: 0, role: 'user' } as const;

/** A core that lets everybody in, and does one more thing. */
function coreWith(part: Partial<VwsCore>): VwsCore {
  const core: Partial<VwsCore> = {
    bans: { refuseAddress: () => {}, refuseUser: () => {} } as unknown as VwsCore['bans'],
    seen: { note: () => {} } as unknown as VwsCore['seen'],
    isBlocked: async () => false,
    loginMark: async () => 'mark',
    authenticate: async () => ({ account, mark: 'mark' }),
    ...part,
  };
  return core as VwsCore;
}

function door(core: VwsCore) {
  const faults: unknown[] = [];
  const routes = vwsRoutes({ core, clock: { now: () => 1_000_000 }, random: countingBytes() });
  const ask = (path: string, body: unknown): Promise<VwsAnswer> => {
    const request: VwsRequest = {
      address: '192.0.2.1',
      client: 'test',
      parameter: 'bob',
      body,
      refusalFor: (error) => {
        if (error instanceof Refusal) return error;
        faults.push(error);
        return new Refusal('internal', { request: 'r' });
      },
    };
    const route = routes.find((each) => each.path === `/vws${path}`);
    assert.ok(route, path);
    return route.answer(request);
  };
  return { ask, faults };
}

describe('the door', () => {
  test('answers a whole conversation byte for byte', async () => {
    const heard: unknown[] = [];
    const { ask } = door(
      coreWith({
        authenticate: async (address, name, secret) => {
          heard.push([address, name, secret]);
          return { account, mark: 'mark' };
        },
        decryptForUser: async (caller, message) => {
          heard.push([caller, message]);
          return { message: 'grüße' };
        },
        encryptForUser: async (_caller, username, message) => {
          heard.push([username, message]);
          throw new Refusal('user_unknown');
        },
      }),
    );
    const { body, status } = await ask('/create_session_key', { public_key: publicKeyHex() });
    assert.ok(typeof body === 'object');
    assert.deepEqual([status, Object.keys(body)], [200, ['ciphertext', 'session_key']]);
    assert.equal(body['session_key'], golden.sessionKey);
    const wrapped = Buffer.from(body['ciphertext'] ?? '', 'hex');
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const key = privateDecrypt({ key: clientKeys().privateKey, ...padding }, wrapped);
    assert.equal(key.toString(), golden.firstKey);

    const login = await ask('/login_user', golden.login);
    assert.deepEqual([login.status, JSON.stringify(login.body)], [200, golden.loginAnswer]);
    const opened = await ask('/decrypt', golden.decrypt);
    assert.deepEqual([opened.status, JSON.stringify(opened.body)], [200, golden.decryptAnswer]);
    const refused = await ask('/encrypt/:username', golden.encrypt);
    assert.deepEqual([refused.status, JSON.stringify(refused.body)], [201, golden.encryptAnswer]);
    const caller = { userId: 'u', sessionId: null, address: '192.0.2.1', client: 'test', claim: null };
    assert.deepEqual(heard, [
      ['192.0.2.1', { email: 'a@example.org' }, { kind: 'password', password: 'Str0ng_1' }],
      [caller, 'ciphertext of old'],
      ['bob', 'another'],
    ]);
  });

  test('asks core for nothing before login that needs one', async () => {
    const { ask } = door(coreWith({ encryptForUser: async () => ({ message: 'for anybody' }) }));
    await ask('/create_session_key', { public_key: publicKeyHex() });
    const { session_key } = golden.login;
    const message = encrypt(golden.firstKey, 'x');
    const { refusal } = await ask('/encrypt/:username', { session_key, message });
    assert.equal(refusal?.code, 'not_logged_in');
  });

  test('keeps the chain going when something breaks in the server, which is logged', async () => {
    const fault = new Error('the disk is gone');
    const { ask, faults } = door(
      coreWith({
        forgotPassword: async () => {
          throw fault;
        },
      }),
    );
    await ask('/create_session_key', { public_key: publicKeyHex() });
    const email = encrypt(golden.firstKey, 'a@example.org');
    const answer = await ask('/forgot_password', { session_key: golden.login.session_key, email });
    assert.deepEqual([answer.status, answer.refusal?.code, faults], [201, 'internal', [fault]]);
    assert.ok(typeof answer.body === 'object');
    assert.deepEqual(Object.keys(answer.body), ['ciphertext', 'session_key', 'error']);
    assert.equal(answer.body['error'], 'Error server');
  });
});

test('every refusal there is has words, and none shows more than it should', () => {
  const pair = { id: 'A'.repeat(400), key: golden.firstKey };
  const said = new Map<string, number>();
  for (const code of Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[]) {
    const members = { detail: 'a detail', request: 'a request', reason: 'calm', until: null };
    const { status, body } = refusedAnswer(golden.firstKey, pair, new Refusal(code, members));
    assert.ok(typeof body === 'object');
    assert.deepEqual([status, Object.keys(body)], [201, ['ciphertext', 'session_key', 'error']]);
    const error = body['error'] ?? '';
    assert.doesNotMatch(error, /^$|a detail|a request/);
    said.set(error, (said.get(error) ?? 0) + 1);
  }
  for (const error of ['Username is busy', 'Email is busy', 'User is not found', 'Password is wrong']) {
    assert.equal(said.get(error), 1, error);
  }
  for (const error of ['No authorization', 'Invalid code', 'Invalid session'])
    assert.ok(said.has(error), error);
  assert.ok(!said.has('Email not found!'));
});
