import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { ContentEncryption } from '../../crypto/content-encryption.ts';
import type { Session, SessionKey } from './session.ts';

/** A key of a session without a user, as nodes hand it to each other. */
export interface AnonymousKey {
  readonly session: Pick<Session, 'id' | 'createdAt' | 'endsAt' | 'address' | 'client'>;
  readonly enc: ContentEncryption;
  readonly secret: Buffer;
  readonly createdAt: number;
}

/** Seals the key for the other nodes. What comes of it opens for this key id only. */
export function sealAnonymousKey(
  keys: AtRestKeys,
  { id, session, enc, secret, createdAt }: SessionKey,
): Buffer {
  const { id: sessionId, createdAt: begunAt, endsAt, address, client } = session;
  const text = JSON.stringify([
    sessionId,
    begunAt,
    endsAt,
    address,
    client,
    enc,
    createdAt,
    secret.toString('base64'),
  ]);
  return keys.seal('shared-session', id, Buffer.from(text));
}

/** Opens what another node sealed; null when it is of another key, or of another master key. */
export function openAnonymousKey(keys: AtRestKeys, keyId: string, sealed: Buffer): AnonymousKey | null {
  const text = keys.open('shared-session', keyId, sealed);
  if (text === null) return null;
  // It was written by a node, and nobody else can have sealed it.
  const [id, begunAt, endsAt, address, client, enc, createdAt, secret] = JSON.parse(text.toString()) as [
    string,
    number,
    number,
    string,
    string,
    ContentEncryption,
    number,
    string,
  ];
  return {
    session: { id, createdAt: begunAt, endsAt, address, client },
    enc,
    secret: Buffer.from(secret, 'base64'),
    createdAt,
  };
}
