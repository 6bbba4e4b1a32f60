import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { SessionKeyRow, SessionRow } from '../store.ts';
import { type Session, type SessionKey, maxSeals, reservationSize } from './session.ts';

/**
 * The row of a session key, with a first reservation of sequence numbers above what it has accepted. Where nodes share
 * the window, everything is reserved: a server that is one day run without it accepts none of these numbers again.
 */
export function sessionKeyRow(keys: AtRestKeys, key: SessionKey): SessionKeyRow {
  return {
    id: key.id,
    sessionId: key.session.id,
    enc: key.enc,
    sealedKey: keys.seal('session-key', key.id, key.secret),
    createdAt: key.createdAt,
    retiresAt: key.retiresAt,
    windowReserved:
      key.shared === null
        ? Math.min(key.window.highest + reservationSize, Number.MAX_SAFE_INTEGER)
        : Number.MAX_SAFE_INTEGER,
    sealsReserved: key.shared === null ? key.seals + 2 * reservationSize : maxSeals,
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
