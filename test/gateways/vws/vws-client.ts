import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, privateDecrypt, constants } from 'node:crypto';
import { clientKeys } from '../../support/sealed-client.ts';

/** What came back: its status, what it says of itself, and its body as it stood on the wire. */
export interface VwsAnswer {
  readonly status: number;
  readonly error: string | undefined;
  readonly message: string | undefined;
  readonly text: string;
  readonly headers: Headers;
}

export const goodPassword = 'Str0ng_pass';

export function encrypt(key: string, text: string): string {
  const cipher = createCipheriv('aes-256-ecb', Buffer.from(key, 'hex'), null);
  return cipher.update(text, 'utf8', 'base64') + cipher.final('base64');
}

export function decrypt(key: string, field: string): string {
  const decipher = createDecipheriv('aes-256-ecb', Buffer.from(key, 'hex'), null);
  return decipher.update(field, 'base64', 'utf8') + decipher.final('utf8');
}

/** The test process's public key as these clients send it. */
export function publicKeyHex(): string {
  const pem = clientKeys().publicKey.export({ format: 'pem', type: 'spki' });
  return Buffer.from(pem).toString('hex');
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A client of the older profile that follows the chain of ids, and nothing for the caller's comfort. */
export class VwsClient {
  readonly url: string;
  readonly headers: Record<string, string>;
  id: string;
  key: string;

  private constructor(url: string, headers: Record<string, string>, id: string, key: string) {
    this.url = url;
    this.headers = headers;
    this.id = id;
    this.key = key;
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<VwsClient> {
    const answer = await post(`${url}/vws/create_session_key`, { public_key: publicKeyHex() }, headers);
    assert.equal(answer.status, 200, answer.text);
    const body = JSON.parse(answer.text) as Record<string, string>;
    assert.deepEqual(Object.keys(body), ['ciphertext', 'session_key']);
    assert.match(body['ciphertext']!, /^[0-9a-f]{512}$/);
    const key = privateDecrypt(
      { key: clientKeys().privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      Buffer.from(body['ciphertext']!, 'hex'),
    ).toString();
    return new VwsClient(url, headers, readId(decrypt(key, body['session_key']!)), readKey(key));
  }

  /** The body of the next request. */
  form(fields: Record<string, string>): Record<string, string> {
    const form: Record<string, string> = { session_key: this.id };
    for (const [name, text] of Object.entries(fields)) form[name] = encrypt(this.key, text);
    return form;
  }

  /** Follows the chain by an answer's text; what it says is returned. */
  follow(answer: { status: number; text: string; headers: Headers }): VwsAnswer {
    const { status, text, headers } = answer;
    if (![200, 201, 202].includes(status)) return { ...answer, error: undefined, message: undefined };
    const body = JSON.parse(text) as Record<string, string>;
    this.key = readKey(decrypt(this.key, body['ciphertext']!));
    this.id = readId(decrypt(this.key, body['session_key']!));
    const message = body['message'] === undefined ? undefined : decrypt(this.key, body['message']);
    return { status, error: body['error'], message, text, headers };
  }

  async call(path: string, fields: Record<string, string> = {}): Promise<VwsAnswer> {
    return this.follow(await post(`${this.url}/vws${path}`, this.form(fields), this.headers));
  }

  /** A call that has to succeed. */
  async must(path: string, fields: Record<string, string> = {}): Promise<VwsAnswer> {
    const answer = await this.call(path, fields);
    assert.equal(answer.status, 200, `${path}: ${answer.text.slice(-200)}`);
    assert.equal(answer.error, undefined);
    return answer;
  }

  /** A call that has to be refused in these words. */
  async refused(error: string, path: string, fields: Record<string, string> = {}): Promise<VwsAnswer> {
    const answer = await this.call(path, fields);
    const status = error === 'Account block. Change the password!' ? 202 : 201;
    assert.deepEqual([answer.status, answer.error], [status, error], path);
    return answer;
  }
}

/** A client that has registered a user. */
export async function registeredVws(
  url: string,
  username: string,
  headers: Record<string, string> = {},
): Promise<VwsClient> {
  const client = await VwsClient.open(url, headers);
  const email = `${username}@example.org`;
  await client.must('/register_user', { username, email, password: goodPassword });
  return client;
}

function readKey(key: string): string {
  assert.match(key, /^[0-9a-f]{64}$/);
  return key;
}

function readId(id: string): string {
  assert.match(id, /^[A-Za-z0-9]{400}$/);
  return id;
}
