import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Reader, UserKeyRow } from '../store.ts';

/** A key pair as it comes from the generator. */
export interface KeyPair {
  readonly publicKey: RsaPublicKey;
  /** PKCS#8 DER of the private half. */
  readonly pkcs8: Buffer;
}

export interface KeySupplyOptions {
  /** Makes a pair, off the event loop. */
  readonly generate: () => Promise<KeyPair>;
  readonly keys: AtRestKeys;
  readonly read: Reader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Stores a user's first key; false when they have one or are gone. */
  readonly giveFirstKey: (row: UserKeyRow) => Promise<boolean>;
  /** Pairs kept ready. Default 8: a burst of registrations is served from them, the next ones wait for theirs. */
  readonly spare?: number;
}

/**
 * Makes users' key pairs ahead of need. A 3072-bit pair takes a third of a second of a core, so nobody who registers
 * waits for one: they take a spare pair or are owed one. Pairs are made one at a time, so that the thread pool
 * stays free for logins and decryption.
 */
export class KeySupply {
  private readonly options: KeySupplyOptions;
  private readonly spare: KeyPair[] = [];
  private readonly owed = new Map<string, { given: Promise<void>; settle: (error?: Error) => void }>();
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(options: KeySupplyOptions) {
    this.options = options;
  }

  /** Spare pairs and debts, for metrics. */
  get depth(): { spare: number; owed: number } {
    return { spare: this.spare.length, owed: this.owed.size };
  }

  /** Starts to fill up, and takes on the debts that a restart left. */
  async start(): Promise<void> {
    for (const userId of await this.options.read.userKeys.usersWithoutKey(100_000)) this.owe(userId);
    this.work();
  }

  /** Makes no more pairs; resolves when the one in the making is done. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const { settle } of this.owed.values()) settle(new Error('stopping'));
    await this.running;
  }

  /** The row of a user's first key: their own public key, a spare pair, or null when they are to be owed one. */
  firstKey(userId: string, brought: RsaPublicKey | null, now: number): UserKeyRow | null {
    if (brought !== null)
      return { ...this.publicRow(userId, brought, now), sealedPrivateKey: null, version: 1 };
    const pair = this.spare.pop();
    this.work();
    return pair === undefined ? null : { ...this.pairRow(userId, pair, now), version: 1 };
  }

  /** A row for a further key of the user, made now unless they brought one. */
  async nextKey(
    userId: string,
    brought: RsaPublicKey | null,
    now: number,
  ): Promise<Omit<UserKeyRow, 'version'>> {
    if (brought !== null) return { ...this.publicRow(userId, brought, now), sealedPrivateKey: null };
    const pair = this.spare.pop() ?? (await this.options.generate());
    this.work();
    return this.pairRow(userId, pair, now);
  }

  /** Promises the user, who has none, a key. */
  owe(userId: string): void {
    if (this.owed.has(userId) || this.stopped) return;
    let settle: (error?: Error) => void = () => {};
    const given = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    given.catch(() => {});
    this.owed.set(userId, { given, settle });
    this.work();
  }

  /** Resolves once the user has the key they are owed; at once when none is owed. */
  async waitFor(userId: string): Promise<void> {
    await this.owed.get(userId)?.given;
  }

  private work(): void {
    if (this.running !== null || this.stopped) return;
    this.running = this.fill()
      .catch((error: unknown) => this.options.logger.error('making user keys failed', { error }))
      .finally(() => (this.running = null));
  }

  private async fill(): Promise<void> {
    const enough = this.options.spare ?? 8;
    while (!this.stopped && (this.owed.size > 0 || this.spare.length < enough)) {
      const ready = this.owed.size > 0 ? this.spare.pop() : undefined;
      const pair = ready ?? (await this.options.generate());
      const [first] = this.owed;
      if (first === undefined) this.spare.push(pair);
      else await this.give(first[0], pair);
    }
  }

  private async give(userId: string, pair: KeyPair): Promise<void> {
    const debt = this.owed.get(userId);
    try {
      const row = { ...this.pairRow(userId, pair, this.options.clock.now()), version: 1 };
      if (!(await this.options.giveFirstKey(row))) this.spare.push(pair);
      debt?.settle();
    } catch (error) {
      // The user still has no key in the store; the next start, or who needs it next, takes the debt on again.
      debt?.settle(new Error('a key could not be stored', { cause: error }));
      throw error;
    } finally {
      this.owed.delete(userId);
    }
  }

  private pairRow(userId: string, pair: KeyPair, now: number): Omit<UserKeyRow, 'version'> {
    const { kid } = pair.publicKey;
    const sealedPrivateKey = this.options.keys.seal('user-key', userKeyIdentity(userId, kid), pair.pkcs8);
    return { ...this.publicRow(userId, pair.publicKey, now), sealedPrivateKey };
  }

  private publicRow(
    userId: string,
    { kid, modulus }: RsaPublicKey,
    now: number,
  ): Omit<UserKeyRow, 'version' | 'sealedPrivateKey'> {
    return { userId, kid, modulus, createdAt: now };
  }
}

/** What a sealed private key is bound to. */
export function userKeyIdentity(userId: string, kid: string): string {
  return `${userId} ${kid}`;
}
