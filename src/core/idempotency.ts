import type { AtRestKeys } from '../crypto/at-rest.ts';
import { Refusal } from './errors.ts';
import type { IdempotencyReads, IdempotencyRow, Transaction } from './store.ts';

/** How long an answer is kept for a client that asks again (PROTOCOL.md §2). */
export const idempotencyMilliseconds = 24 * 60 * 60 * 1000;

/** One request that may be asked again: who asked, under which `idem`, and what exactly. */
export interface IdemClaim {
  readonly idem: string;
  /** Where the answer is kept: `user:<id>`, or `session:<id>` before login. */
  readonly scope: string;
  /**
   * Where an earlier answer may be: a client that logs in, loses the answer and asks again has become a user in
   * between.
   */
  readonly lookIn: readonly string[];
  readonly contentHash: Buffer;
}

/** A kept answer: what the core function returned, or the refusal it ended with. */
export type KeptAnswer =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'refused'; readonly code: string; readonly members: Record<string, unknown> };

/**
 * Names a request for later.
 *
 * @param path the request's path as sent, part of what must be the same
 * @param plaintext the opened payload: its keyed hash is kept, because a plain one would let a stolen database be
 *   searched for passwords
 */
export function claimIdem(
  keys: AtRestKeys,
  idem: string,
  caller: { sessionId: string; userId: string | null },
  path: string,
  plaintext: Buffer,
): IdemClaim {
  const session = `session:${caller.sessionId}`;
  const user = caller.userId === null ? null : `user:${caller.userId}`;
  return {
    idem,
    scope: user ?? session,
    lookIn: user === null ? [session] : [user, session],
    contentHash: keys.hash('idempotency-content', Buffer.concat([Buffer.from(`${path}\n`), plaintext])),
  };
}

/**
 * The answer this claim got before, or null.
 *
 * @throws Refusal `idem_mismatch` when the `idem` was used for something else
 */
export async function findAnswer(
  reads: IdempotencyReads,
  keys: AtRestKeys,
  claim: IdemClaim,
  now: number,
): Promise<KeptAnswer | null> {
  for (const scope of claim.lookIn) {
    const row = await reads.find(scope, claim.idem);
    if (row === null || row.createdAt <= now - idempotencyMilliseconds) continue;
    if (!row.contentHash.equals(claim.contentHash)) throw new Refusal('idem_mismatch');
    return openAnswer(keys, row);
  }
  return null;
}

function openAnswer(keys: AtRestKeys, row: IdempotencyRow): KeptAnswer {
  const opened = keys.open('idempotency', answerIdentity(row.scope, row.idem), row.sealedAnswer);
  if (opened === null) throw new Error('a kept answer does not open under the master key');
  return JSON.parse(opened.toString()) as KeptAnswer;
}

/**
 * Keeps the answer in the transaction of what was done, so that either both are there after a crash or neither.
 * Called last in a transaction function. Without a claim it does nothing.
 *
 * @throws Refusal `busy` when the same request has been done in parallel: asking again finds its answer
 */
export async function keepAnswer(
  transaction: Transaction,
  keys: AtRestKeys,
  claim: IdemClaim | null,
  now: number,
  answer: KeptAnswer,
): Promise<void> {
  if (claim === null) return;
  const earlier = await transaction.idempotency.find(claim.scope, claim.idem);
  if (earlier !== null && earlier.createdAt > now - idempotencyMilliseconds) {
    throw new Refusal('busy', { retryAfter: 1 });
  }
  if (earlier !== null) await transaction.idempotency.delete(claim.scope, claim.idem);
  await transaction.idempotency.insert({
    scope: claim.scope,
    idem: claim.idem,
    contentHash: Buffer.from(claim.contentHash),
    sealedAnswer: keys.seal(
      'idempotency',
      answerIdentity(claim.scope, claim.idem),
      Buffer.from(JSON.stringify(answer)),
    ),
    createdAt: now,
  });
}

/** What a kept answer is bound to. */
export function answerIdentity(scope: string, idem: string): string {
  return `${scope} ${idem}`;
}
