import assert from 'node:assert/strict';
import { type KeyObject, constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import type { ContentEncryption } from '../../src/crypto/content-encryption.ts';
import { openAnswer, sealRequest } from '../../src/crypto/sealed-payload.ts';

/** A JSON value of unknown shape: tests look into it as they please, and fail where it is not there. */
export interface Json {
  readonly [member: string]: Json;
}

/** What came back, opened where it was sealed. */
export interface Answer {
  readonly status: number;
  readonly sealed: boolean;
  readonly body: Json;
  readonly headers: Headers;
}

let shared: { publicKey: KeyObject; privateKey: KeyObject } | null = null;

/** One key pair for all test clients of a process: making one costs more than most tests. */
export function clientKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  shared ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return shared;
}

/** The handshake's part that needs the private key. */
export function unwrap(key: string, privateKey = clientKeys().privateKey): Buffer {
  return privateDecrypt(
    { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    Buffer.from(key, 'base64url'),
  );
}

/** A client that does what PROTOCOL.md says and nothing for the caller's comfort. */
export class SealedClient {
  /** Where it sends to; another node serves it as well. */
  url: string;
  readonly enc: ContentEncryption;
  sessionKey: string;
  key: Buffer;
  seq = 0;

  private constructor(url: string, enc: ContentEncryption, sessionKey: string, key: Buffer) {
    this.url = url;
    this.enc = enc;
    this.sessionKey = sessionKey;
    this.key = key;
  }

  /** Opens a session. */
  static async open(url: string, enc: ContentEncryption = 'A256GCM'): Promise<SealedClient> {
    const public_key = clientKeys().publicKey.export({ format: 'jwk' });
    const response = await post(`${url}/create_session_key`, JSON.stringify({ public_key, enc }));
    const body = (await response.json()) as { session_key: string; key: string };
    assert.equal(response.status, 200, JSON.stringify(body));
    return new SealedClient(url, enc, body.session_key, unwrap(body.key));
  }

  /** The body of a sealed request, with the next number unless another is given. */
  seal(
    path: string,
    fields: unknown,
    options: { seq?: number; idem?: string; htu?: string; plaintext?: string } = {},
  ): string {
    const header = { seq: options.seq ?? ++this.seq, htu: options.htu ?? path };
    const withIdem = options.idem === undefined ? header : { ...header, idem: options.idem };
    const plaintext = options.plaintext ?? JSON.stringify(fields);
    const payload = sealRequest(this.enc, this.key, withIdem, plaintext);
    return JSON.stringify({ session_key: this.sessionKey, payload });
  }

  /** Sends a body that was sealed before, and opens what comes back. */
  async send(path: string, body: string): Promise<Answer> {
    const response = await post(`${this.url}${path}`, body);
    const outer = (await response.json()) as { payload?: string };
    if (typeof outer.payload !== 'string') {
      return {
        status: response.status,
        sealed: false,
        body: outer as unknown as Json,
        headers: response.headers,
      };
    }
    return {
      status: response.status,
      sealed: true,
      body: this.openAnswer(outer.payload, response.status),
      headers: response.headers,
    };
  }

  /** What a sealed answer holds. */
  openAnswer(payload: string, status?: number): Json {
    const opened = openAnswer(payload, this.enc, this.key);
    assert.ok(opened, 'the answer opens under the session key');
    if (status !== undefined) {
      assert.equal(opened.header.status, status, 'the sealed status is the one of the answer');
    }
    return JSON.parse(opened.plaintext) as Json;
  }

  /** Seals, sends and opens. */
  async call(path: string, fields: unknown = {}, options: { idem?: string } = {}): Promise<Answer> {
    return this.send(path, this.seal(path, fields, options));
  }

  /** The same, for a call that has to succeed. */
  async must(path: string, fields: unknown = {}, options: { idem?: string } = {}): Promise<Json> {
    const answer = await this.call(path, fields, options);
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** The same, for a call that has to be refused with the code. */
  async refused(
    code: string,
    path: string,
    fields: unknown = {},
    options: { idem?: string } = {},
  ): Promise<Answer> {
    const answer = await this.call(path, fields, options);
    assert.equal(answer.body['code'], code, `${path}: ${JSON.stringify(answer.body)}`);
    return answer;
  }
}

/** Opens a session and registers a user in it. */
export async function registered(
  url: string,
  username: string,
  extra: Record<string, unknown> = {},
): Promise<SealedClient> {
  const client = await SealedClient.open(url);
  await client.must('/register_user', {
    username,
    email: emailOf(username),
    password: passwordOf(username),
    ...extra,
  });
  return client;
}

/** The address that test users have. */
export function emailOf(username: string): string {
  return `${username}@example.org`;
}

/** The password that test users have. */
export function passwordOf(username: string): string {
  return `a fine long secret, no. ${username.length * 7919}`;
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}
