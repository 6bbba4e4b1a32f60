import type { AtRestKeys } from '../crypto/at-rest.ts';
import type { Clock } from '../core/clock.ts';
import { Refusal, type ErrorCode, isErrorCode } from '../core/errors.ts';
import { type IdemClaim, type KeptAnswer, claimIdem, findAnswer } from '../core/idempotency.ts';
import type { Session } from '../core/sessions/session.ts';
import type { Store } from '../core/store.ts';
import type { Transactions } from '../core/transactions.ts';

/** Refusals that say nothing about what was asked for: asking again may well end otherwise. */
const notKept: ReadonlySet<ErrorCode> = new Set([
  'rate_limited',
  'busy',
  'internal',
  'session_unknown',
  'not_logged_in',
]);

/**
 * Gives a repeated request its first answer (PROTOCOL.md §2, `idem`).
 *
 * Core functions keep what they did in the transaction that did it. Refusals are kept here, afterwards: nothing
 * was done but the counting of a guess, and asking again must not count a second one.
 */
export class AnswerOnce {
  private readonly store: Store<Transactions>;
  private readonly keys: AtRestKeys;
  private readonly clock: Clock;
  private readonly running = new Map<string, Promise<void>>();

  constructor(dependencies: { store: Store<Transactions>; atRest: AtRestKeys; clock: Clock }) {
    this.store = dependencies.store;
    this.keys = dependencies.atRest;
    this.clock = dependencies.clock;
  }

  /** Names the request of a session, to be found again. */
  claim(session: Session, idem: string, path: string, plaintext: Buffer): IdemClaim {
    return claimIdem(this.keys, idem, { sessionId: session.id, userId: session.userId }, path, plaintext);
  }

  /**
   * The first answer to the claim, or what `perform` comes to. The same request in parallel waits for the first, or, where
   * that is on another node, is done and taken back.
   *
   * @throws Refusal `idem_mismatch`, the refusal of the first time, or that of `perform`
   */
  async run(claim: IdemClaim, perform: () => Promise<unknown>): Promise<unknown> {
    const name = `${claim.scope} ${claim.idem}`;
    while (this.running.has(name)) await this.running.get(name);
    let finish = (): void => {};
    this.running.set(name, new Promise((resolve) => (finish = resolve)));
    try {
      const earlier = await findAnswer(this.store.read.idempotency, this.keys, claim, this.clock.now());
      if (earlier !== null) return resultOf(earlier);
      return await perform().catch((error: unknown) => this.answerFromElsewhere(claim, error));
    } catch (error) {
      await this.keepRefusal(claim, error);
      throw error;
    } finally {
      this.running.delete(name);
      finish();
    }
  }

  /** Who was refused because another node did the same meanwhile gets the answer of that one. */
  private async answerFromElsewhere(claim: IdemClaim, error: unknown): Promise<unknown> {
    if (!isBusy(error)) throw error;
    const kept = await findAnswer(this.store.read.idempotency, this.keys, claim, this.clock.now());
    if (kept === null) throw error;
    return resultOf(kept);
  }

  private async keepRefusal(claim: IdemClaim, error: unknown): Promise<void> {
    if (!(error instanceof Refusal) || error instanceof RepeatedRefusal) return;
    if (notKept.has(error.code) || error.code === 'idem_mismatch') return;
    const answer: KeptAnswer = { kind: 'refused', code: error.code, members: { ...error.members } };
    try {
      await this.store.transact('keepAnswer', { now: this.clock.now(), claim, answer });
    } catch (failed) {
      // Another node has kept its own: the next to ask gets that one.
      if (!isBusy(failed)) throw failed;
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'busy';
}

/** A refusal that was given before, and is kept already. */
class RepeatedRefusal extends Refusal {}

function resultOf(kept: KeptAnswer): unknown {
  if (kept.kind === 'done') return kept.result;
  if (!isErrorCode(kept.code)) throw new Error(`a kept answer has the unknown code ${kept.code}`);
  throw new RepeatedRefusal(kept.code, kept.members);
}
