import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { SessionKeyRow, SessionRow } from '../store.ts';
import { type Session, type SessionKey, reservationSize } from './session.ts';

/** The row of a session key, with a first reservation of sequence numbers above what it has accepted. */
export function sessionKeyRow(keys: AtRestKeys, key: SessionKey): SessionKeyRow {
  return {
    id: key.id,
    sessionId: key.session.id,
    enc: key.enc,
    sealedKey: keys.seal('session-key', key.id, key.secret),
    createdAt: key.createdAt,
    retiresAt: key.retiresAt,
    windowReserved: Math.min(key.window.highest + reservationSize, Number.MAX_SAFE_INTEGER),
    sealsReserved: key.seals + 2 * reservationSize,
  };
}

/** The row of a session as the user's. */
export function sessionRow(session: Session, userId: string): SessionRow {
  return {
    id: session.id,
    userId,
    createdAt: session.createdAt,
    lastUsedAt: session.lastUsedAt,
    endsAt: session.endsAt,
    address: session.address,
    client: session.client,
  };
}
