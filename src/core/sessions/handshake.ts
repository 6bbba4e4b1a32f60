import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { encodeBase64url } from '../../crypto/base64url.ts';
import type { ContentEncryption } from '../../crypto/content-encryption.ts';
import { type Identity, handshakeTranscript } from '../../crypto/identity.ts';
import { oaepEncrypt } from '../../crypto/rsa-oaep.ts';
import type { RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import { addressGroup } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import type { CoreCounts } from '../counts.ts';
import { type IdemClaim } from '../idempotency.ts';
import { limits } from '../limits/limits.ts';
import type { EnforceLimit } from '../limits/limits.ts';
import type { BanList } from '../moderation/ban-list.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import {
  type Session,
  type SessionKey,
  addSessionKey,
  idleMilliseconds,
  newSession,
  newSharedState,
  rotationGraceMilliseconds,
  sessionKeyBytes,
} from './session.ts';
import { sessionKeyRow } from './session-rows.ts';
import type { SessionRegistry } from './session-registry.ts';

/** What a client gets for its public key (PROTOCOL.md §1). */
export interface HandshakeAnswer {
  readonly sessionKey: string;
  /** base64url of RSA-OAEP-256 over the raw session key. */
  readonly key: string;
  readonly enc: ContentEncryption;
  readonly expiresIn: number;
  readonly serverKeyId: string;
  readonly signature: string;
}

export interface HandshakeRequest {
  readonly publicKey: RsaPublicKey;
  readonly enc: ContentEncryption;
}

interface HandshakeDependencies {
  readonly registry: SessionRegistry;
  readonly identity: Identity;
  readonly random: RandomBytes;
  readonly clock: Clock;
  /** Idle time of logged-in sessions, milliseconds. */
  readonly idle: number;
  readonly counts: Pick<CoreCounts, 'handshakes'>;
}

/**
 * Lets an address ask for a session, before anything of its request is looked at: a key that is refused costs too.
 *
 * @throws Refusal `rate_limited`, `banned`, `kicked`
 */
export function admitHandshake({ enforce, bans }: { enforce: EnforceLimit; bans: BanList }) {
  return async (address: string): Promise<void> => {
    bans.refuseAddress(address);
    await enforce(limits.handshakesOfAddress, addressGroup(address));
    await enforce(limits.handshakes, 'all');
  };
}

/** Opens a session without a user, for an address that was admitted. @throws Refusal `busy` */
export function openSession(dependencies: HandshakeDependencies) {
  const { registry, random, clock, counts } = dependencies;
  return (
    request: HandshakeRequest,
    origin: { address: string; client: string },
  ): HandshakeAnswer | Promise<HandshakeAnswer> => {
    const session = newSession(newId(random), origin, clock.now());
    const { sessionKey, answer } = makeKey(dependencies, session, request);
    const adding = registry.addAnonymous(sessionKey);
    counts.handshakes.opened += 1;
    return adding instanceof Promise ? adding.then(() => answer) : answer;
  };
}

/**
 * Gives a session a new key (PROTOCOL.md §4). The old one stays good for 30 s, for what is in flight.
 *
 * @throws Refusal `rate_limited`
 */
export function rotateSessionKey(
  dependencies: HandshakeDependencies & {
    enforce: EnforceLimit;
    store: Store<Transactions>;
    atRest: AtRestKeys;
  },
) {
  const { registry, clock, enforce, store, atRest, counts } = dependencies;
  return async (
    caller: { key: SessionKey; claim: IdemClaim | null },
    request: HandshakeRequest,
  ): Promise<HandshakeAnswer> => {
    const { session } = caller.key;
    await enforce(limits.rotationsOfSession, session.id);
    const now = clock.now();
    const retiresAt = Math.min(
      caller.key.retiresAt ?? Number.MAX_SAFE_INTEGER,
      now + rotationGraceMilliseconds,
    );
    const { sessionKey, answer } = makeKey(dependencies, session, request);
    if (session.userId === null) {
      await registry.addAnonymous(sessionKey);
      if (caller.claim !== null) {
        await store.transact('keepAnswer', {
          now,
          claim: caller.claim,
          answer: { kind: 'done', result: answer },
        });
      }
    } else {
      const row = sessionKeyRow(atRest, sessionKey);
      await registry.announce(sessionKey);
      await store
        .transact('rotateSessionKey', {
          now,
          claim: caller.claim,
          row,
          oldKeyId: caller.key.id,
          retiresAt,
          answer,
        })
        .catch((error: unknown) => {
          session.keys.splice(session.keys.indexOf(sessionKey), 1);
          throw error;
        });
      sessionKey.windowReserved = row.windowReserved;
      sessionKey.sealsReserved = row.sealsReserved;
      registry.addLoggedIn(sessionKey);
    }
    await registry.retire(caller.key, retiresAt);
    counts.handshakes.rotated += 1;
    return answer;
  };
}

function makeKey(
  { registry, identity, random, clock, idle }: HandshakeDependencies,
  session: Session,
  { publicKey, enc }: HandshakeRequest,
): { sessionKey: SessionKey; answer: HandshakeAnswer } {
  const secret = random(sessionKeyBytes(enc));
  const sessionKey = addSessionKey(
    session,
    { id: newId(random), enc, secret },
    clock.now(),
    registry.isShared ? newSharedState(0, clock.now()) : null,
  );
  const key = encodeBase64url(oaepEncrypt(publicKey.keyObject, secret));
  const transcript = handshakeTranscript({
    sessionKeyId: sessionKey.id,
    enc,
    wrappedKey: key,
    clientSpki: publicKey.spki,
  });
  const answer = {
    sessionKey: sessionKey.id,
    key,
    enc,
    expiresIn: idleMilliseconds(session, idle) / 1000,
    serverKeyId: identity.keyId,
    signature: encodeBase64url(identity.sign(transcript)),
  };
  return { sessionKey, answer };
}
