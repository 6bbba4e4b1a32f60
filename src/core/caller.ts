import type { IdemClaim } from './idempotency.ts';
import { Refusal } from './errors.ts';
import type { SessionKey } from './sessions/session.ts';

/** Who asks for something over a sealed session. */
export interface Caller {
  readonly key: SessionKey;
  /** Canonical address of the client; worked out when it is asked for. */
  readonly address: string;
  /** What the client calls itself; likewise. */
  readonly client: string;
  readonly claim: IdemClaim | null;
}

/** The id of the user who asks. @throws Refusal `not_logged_in` */
export function userIdOf(caller: Caller): string {
  const { userId } = caller.key.session;
  if (userId === null) throw new Refusal('not_logged_in');
  return userId;
}
