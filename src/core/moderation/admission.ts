import type { SessionKey } from '../sessions/session.ts';
import type { BanList } from './ban-list.ts';
import type { SeenAddresses } from './seen-addresses.ts';

/** Lets a request of a session in, or throws. */
export type CheckAdmission = (key: SessionKey, now: number, address: () => string) => void;

/** Where a session comes from is noted this often: working an address out costs more than not doing so. */
const notedMilliseconds = 60_000;

/**
 * Looks at each request whether its user or address is kept out, and notes now and then where the user is.
 *
 * @throws Refusal `banned`, `kicked`, with reason and end
 */
export function checkAdmission(bans: BanList, seen: SeenAddresses): CheckAdmission {
  const notedAt = new WeakMap<SessionKey['session'], number>();
  return ({ session }, now, address) => {
    if (bans.looksAtAddresses) bans.refuseAddress(address());
    const { userId } = session;
    if (userId === null) return;
    bans.refuseUser(userId);
    if (now - (notedAt.get(session) ?? 0) < notedMilliseconds) return;
    notedAt.set(session, now);
    seen.note(userId, address(), now);
  };
}
