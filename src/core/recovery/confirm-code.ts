import { timingSafeEqual } from 'node:crypto';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import { normalizeCode } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { type RecoveringCaller, hashCode } from './code.ts';

/**
 * Second step of recovery: the code from the mail, typed into the session that asked for it. The guess is counted
 * before it is compared.
 *
 * @throws Refusal `code_wrong` with the attempts left, `code_expired` when there is nothing to guess at
 */
export function confirmRecoveryCode(dependencies: {
  store: Store<Transactions>;
  atRest: AtRestKeys;
  clock: Clock;
}) {
  const { store, atRest, clock } = dependencies;
  return async (caller: RecoveringCaller, typedCode: string): Promise<Record<string, never>> => {
    const sessionId = caller.sessionId;
    const attempt = await store.transact('spendCodeAttempt', {
      purpose: 'recovery',
      subject: sessionId,
      now: clock.now(),
    });
    if (attempt === null) throw new Refusal('code_expired');
    const codeHash = hashCode(atRest, 'recovery', sessionId, normalizeCode(typedCode));
    if (!timingSafeEqual(codeHash, attempt.codeHash)) {
      throw new Refusal('code_wrong', { attemptsLeft: attempt.attemptsLeft });
    }
    return store.transact('confirmRecovery', { now: clock.now(), claim: caller.claim, sessionId, codeHash });
  };
}
