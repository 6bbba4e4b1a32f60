import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { createSalt } from '../../crypto/password.ts';
import { addressGroup } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { AnnounceMembership } from '../rooms/announce.ts';
import type { Store, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { type ProvenAccount, provenAccount } from './login-mark.ts';
import type { NameHolds } from './name-holds.ts';

/** What is added to a guest's name wherever guests are not told apart otherwise: no username holds a space. */
export const guestMark = ' (guest)';

/**
 * People without an account, for the ways in that know them. A guest holds a name while connected; afterwards the name is
 * free again, and what they said stays under it.
 */
export class Guests {
  private readonly dependencies: {
    store: Store<Transactions>;
    clock: Clock;
    random: RandomBytes;
    announce: AnnounceMembership;
    enforce: EnforceLimit;
    names: NameHolds;
    keys: AtRestKeys;
  };

  constructor(dependencies: {
    store: Store<Transactions>;
    clock: Clock;
    random: RandomBytes;
    announce: AnnounceMembership;
    enforce: EnforceLimit;
    names: NameHolds;
    keys: AtRestKeys;
  }) {
    this.dependencies = dependencies;
  }

  /**
   * Takes a free name.
   *
   * @param address canonical: guests that come from it are counted, since the store keeps a row of each
   * @throws Refusal `invalid_input`, `username_taken`, `rate_limited`
   */
  async enter(name: string, address: string): Promise<ProvenAccount> {
    const { store, clock, random, announce, enforce, names, keys } = this.dependencies;
    const username = readUsername(name);
    if (!username.ok) throw invalidField('username', username.problem);
    if ((await store.read.users.byUsernameKey(username.key)) !== null) throw new Refusal('username_taken');
    names.refuseHeld(username.key);
    await enforce(limits.guestsOfAddress, addressGroup(address));
    const now = clock.now();
    const guest: UserRow = {
      id: newId(random),
      username: `${username.username}${guestMark}`,
      usernameKey: username.key,
      email: null,
      emailKey: null,
      role: 'guest',
      passwordSalt: createSalt(),
      passwordVerifier: null,
      createdAt: now,
      deletedAt: null,
      directoryUid: null,
    };
    const { joined } = await names.whileTaking(username.key, null, () =>
      store.transact('registerUser', { now, claim: null, user: guest, userKey: null, place: null }),
    );
    for (const change of joined) announce(change);
    return provenAccount(keys, guest);
  }

  /** Gives the name back. */
  async leave(userId: string): Promise<void> {
    const { store, clock, announce } = this.dependencies;
    const { left } = await store.transact('endGuest', { now: clock.now(), userId });
    for (const change of left) announce(change);
  }

  /** Ends those whom a crash left behind. */
  async sweep(): Promise<void> {
    const { store, clock } = this.dependencies;
    for (const { id } of await store.read.users.guests(10_000)) {
      await store.transact('endGuest', { now: clock.now(), userId: id });
    }
  }
}
