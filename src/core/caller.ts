import type { IdemClaim } from './idempotency.ts';
import { Refusal } from './errors.ts';
import type { SessionKey } from './sessions/session.ts';

/** Who asks for something, whichever way they came in. */
export interface Caller {
  /** Null before login. */
  readonly userId: string | null;
  /** The stored session they ask in; null where the way in has none. */
  readonly sessionId: string | null;
  /** Canonical address of the client; worked out when it is asked for. */
  readonly address: string;
  /** What the client calls itself; likewise. */
  readonly client: string;
  readonly claim: IdemClaim | null;
}

/** Who asks over a sealed session. */
export interface SealedCaller extends Caller {
  readonly sessionId: string;
  readonly key: SessionKey;
}

/** The id of the user who asks. @throws Refusal `not_logged_in` */
export function userIdOf(caller: Caller): string {
  if (caller.userId === null) throw new Refusal('not_logged_in');
  return caller.userId;
}
