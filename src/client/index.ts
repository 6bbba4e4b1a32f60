import type { ContentEncryption } from './content-encryption.ts';
import { HandshakeVerifier } from './handshake.ts';
import { type Platform, ownPlatform } from './http.ts';
import { type IdentityPins, memoryPins } from './identity.ts';
import { LetterlockClient } from './letterlock-client.ts';
import { Transport } from './transport.ts';
import type { Credentials } from './types.ts';
import { Wire } from './wire.ts';

export type { ContentEncryption } from './content-encryption.ts';
export { LetterlockError, type ClientErrorCode, type ServerErrorCode } from './errors.ts';
export type { Platform } from './http.ts';
export type { IdentityPins } from './identity.ts';
export { LetterlockClient } from './letterlock-client.ts';
export type { Messages } from './messages.ts';
export type * from './messaging-types.ts';
export type { MemberOfRoom, Rooms } from './rooms.ts';
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
  /**
   * Asked for when the session of a logged-in user is gone, to log in again without anybody noticing. All calls of this
   * client wait for it, so it must make none.
   */
  readonly credentials?: () => Credentials | Promise<Credentials>;
  /** Called when that session is gone and there are no credentials, or the server refuses them. */
  readonly onSessionLost?: () => void;
  /** How long one attempt may take. Default 30 s */
  readonly timeoutMilliseconds?: number;
  /** Attempts for one request at most. Default 5 */
  readonly attempts?: number;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** Fetch, time and chance, for tests. */
  readonly platform?: Partial<Platform>;
}

/** Pins of all clients of this program that bring none of their own. */
const sharedPins = memoryPins();

/**
 * Opens a session with a fresh key pair and verifies that the server signed it.
 *
 * @throws LetterlockError `unreachable`, `identity_changed`, `signature_wrong`, `rate_limited`; the signal's reason
 */
export async function connect(options: ConnectOptions): Promise<LetterlockClient> {
  const url = options.url.replace(/\/+$/, '');
  const platform: Platform = { ...ownPlatform(), ...options.platform };
  const wire = new Wire({ url, platform, timeoutMilliseconds: options.timeoutMilliseconds ?? 30_000 });
  const verifier = new HandshakeVerifier({
    url,
    identity: options.identity ?? null,
    pins: options.pins ?? sharedPins,
    fetchJwks: (signal) => wire.clear('/.well-known/jwks.json', null, signal),
  });
  const transport = new Transport({
    wire,
    verifier,
    enc: options.enc ?? 'A256GCM',
    attempts: options.attempts ?? 5,
    credentials: options.credentials ?? null,
    onSessionLost: options.onSessionLost ?? (() => {}),
  });
  await transport.session(options.signal);
  return new LetterlockClient(transport);
}
