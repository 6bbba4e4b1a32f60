import { createSalt } from '../../crypto/password.ts';
import { addressGroup } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { readUsername } from '../names/username.ts';
import type { Leases } from '../nodes/shared-presence.ts';
import type { Reader } from '../store.ts';

/** For how long a name is held for somebody who has not said a password yet. */
export const nameHoldMilliseconds = 5 * 60 * 1000;

/** A name that somebody is registering, and the salt that the account will have. */
export interface NameHold {
  /** As it was typed. */
  readonly username: string;
  readonly key: string;
  readonly salt: Buffer;
  readonly until: number;
}

/**
 * Names held for those who register in several steps. While one is held, nobody else gets it, whichever way they come
 * in. Whoever holds one gives it back when they are done or gone, so there are no more than connections.
 */
export class NameHolds {
  private readonly dependencies: {
    read: Pick<Reader, 'users'>;
    clock: Clock;
    enforce: EnforceLimit;
    /** Where there are several nodes, of which one at a time has a name. */
    leases?: Leases | null;
  };
  private readonly held = new Map<string, NameHold>();
  /** Keys that are being taken, each with how many try. */
  private readonly taken = new Map<string, number>();

  constructor(dependencies: NameHolds['dependencies']) {
    this.dependencies = dependencies;
  }

  /** Holds a free name. @throws Refusal `invalid_input`, `username_taken`, `rate_limited` */
  async hold(address: string, username: string): Promise<NameHold> {
    const { read, clock, enforce, leases } = this.dependencies;
    const name = readUsername(username);
    if (!name.ok) throw invalidField('username', name.problem);
    await enforce(limits.nameHoldsOfAddress, addressGroup(address));
    const { key } = name;
    this.refuseHeld(key);
    // It may be committed already, and not be seen yet by who looks for it.
    if (this.taken.has(key)) throw new Refusal('username_taken');
    const hold = { username, key, salt: createSalt(), until: clock.now() + nameHoldMilliseconds };
    // Before it is looked for, so that nobody comes between.
    this.held.set(key, hold);
    try {
      if ((await leases?.take(leaseOf(key), hold.until)) === false) throw new Refusal('username_taken');
      if ((await read.users.byUsernameKey(key)) !== null) throw new Refusal('username_taken');
    } catch (error) {
      this.release(hold);
      throw error;
    }
    return hold;
  }

  /** Gives the name back. */
  release(hold: NameHold): void {
    if (this.held.get(hold.key) !== hold) return;
    this.held.delete(hold.key);
    void this.dependencies.leases?.release(leaseOf(hold.key));
  }

  /** Whether it has not run out. */
  isInForce(hold: NameHold): boolean {
    return this.held.get(hold.key) === hold && hold.until > this.dependencies.clock.now();
  }

  /**
   * @param key of the name that somebody is about to take
   * @param own the hold they have on it
   * @throws Refusal `username_taken` where another has one
   */
  refuseHeld(key: string, own?: NameHold): void {
    const hold = this.held.get(key);
    if (hold !== undefined && hold !== own && this.isInForce(hold)) throw new Refusal('username_taken');
  }

  /**
   * Does what takes a name for good. From when it begins until it is done, nobody is given a hold on the name.
   *
   * @param own the hold that who takes it has on it
   * @throws Refusal `username_taken` where another has one, and what `take` throws
   */
  async whileTaking<Result>(key: string, own: NameHold | null, take: () => Promise<Result>): Promise<Result> {
    this.refuseHeld(key, own ?? undefined);
    this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
    const leases = own === null ? (this.dependencies.leases ?? null) : null;
    try {
      if ((await leases?.take(leaseOf(key), null)) === false) throw new Refusal('username_taken');
      return await take();
    } finally {
      const left = (this.taken.get(key) ?? 1) - 1;
      if (left === 0) this.taken.delete(key);
      else this.taken.set(key, left);
      if (left === 0) void leases?.release(leaseOf(key));
    }
  }
}

function leaseOf(key: string): string {
  return `name:${key}`;
}
