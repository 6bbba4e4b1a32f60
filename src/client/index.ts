import type { ContentEncryption } from './content-encryption.ts';
import { HandshakeVerifier } from './handshake.ts';
import { type Platform, exchange, ownPlatform, successful } from './http.ts';
import { type IdentityPins, memoryPins } from './identity.ts';
import { LetterlockClient } from './letterlock-client.ts';
import { Transport } from './transport.ts';
import type { Credentials } from './types.ts';

export type { ContentEncryption } from './content-encryption.ts';
export { LetterlockError, type ClientErrorCode, type ServerErrorCode } from './errors.ts';
export type { Platform } from './http.ts';
export type { IdentityPins } from './identity.ts';
export { LetterlockClient } from './letterlock-client.ts';
export type * from './types.ts';
export { type UserKey, createUserKey, openMessage, sealMessageFor } from './user-key.ts';

export interface ConnectOptions {
  /** Where the server is, e.g. `https://chat.example.org`. */
  readonly url: string;
  /** The server's identity key id, where it is known: any other is refused. */
  readonly identity?: string;
  /** Remembers the identity seen first, where none is given. Default: for as long as the program runs */
  readonly pins?: IdentityPins;
  /** Default `A256GCM` */
  readonly enc?: ContentEncryption;
  /** Asked for when the session of a logged-in user is gone, to log in again without anybody noticing. */
  readonly credentials?: () => Credentials | Promise<Credentials>;
  /** Called when that session is gone and there are no credentials. */
  readonly onSessionLost?: () => void;
  /** How long one attempt may take. Default 30 s */
  readonly timeoutMilliseconds?: number;
  /** Attempts for one request at most. Default 5 */
  readonly attempts?: number;
  /** Fetch, time and chance, for tests. */
  readonly platform?: Partial<Platform>;
}

/** Pins of all clients of this program that bring none of their own. */
const sharedPins = memoryPins();

/**
 * Opens a session with a fresh key pair and verifies that the server signed it.
 *
 * @throws LetterlockError `unreachable`, `identity_changed`, `signature_wrong`, `rate_limited`
 */
export async function connect(options: ConnectOptions): Promise<LetterlockClient> {
  const url = options.url.replace(/\/+$/, '');
  const platform: Platform = { ...ownPlatform(), ...options.platform };
  const timeoutMilliseconds = options.timeoutMilliseconds ?? 30_000;
  const { credentials } = options;
  const verifier = new HandshakeVerifier({
    url,
    identity: options.identity ?? null,
    pins: options.pins ?? sharedPins,
    fetchJwks: async () =>
      successful(
        await exchange(platform, `${url}/.well-known/jwks.json`, null, {
          timeoutMilliseconds,
          signal: undefined,
        }),
      ),
  });
  const transport = new Transport({
    url,
    enc: options.enc ?? 'A256GCM',
    verifier,
    platform,
    timeoutMilliseconds,
    attempts: options.attempts ?? 5,
    logInAgain: credentials === undefined ? null : async () => void (await client.login(await credentials())),
    onSessionLost: options.onSessionLost ?? (() => {}),
  });
  const client = new LetterlockClient(transport);
  await transport.open();
  return client;
}
