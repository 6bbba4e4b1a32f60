import type { Guests } from '../accounts/guests.ts';
import type { Reader } from '../store.ts';
import type { SharedPresence } from './shared-presence.ts';

/** Guests looked at in one round. */
const guestsAtOnce = 10_000;

/**
 * Ends guests that no node holds: those of a node that died. A guest counts as left behind when two rounds in a row find
 * them nowhere, because one who has just come is not online yet, and after a loss every node has to say anew who is.
 */
export class GuestSweep {
  private readonly parts: {
    read: Pick<Reader, 'users'>;
    guests: Pick<Guests, 'leave'>;
    online: Pick<SharedPresence, 'onlineAmong'>;
    /** Whether they have a connection to this node. */
    isHere: (userId: string) => boolean;
  };
  private suspects: ReadonlySet<string> = new Set();

  constructor(parts: GuestSweep['parts']) {
    this.parts = parts;
  }

  /** Who was found nowhere may only not have been said to be online again. */
  forget(): void {
    this.suspects = new Set();
  }

  /** One round. As long as nodes need to say who is online has to lie between two. */
  async run(): Promise<void> {
    const { read, guests, online, isHere } = this.parts;
    const before = this.suspects;
    // Whatever fails below, who was suspected has to be found missing twice again.
    this.suspects = new Set();
    const ids = (await read.users.guests(guestsAtOnce)).map(({ id }) => id);
    const present = ids.length === 0 ? new Set<string>() : await online.onlineAmong(ids);
    const missing = ids.filter((id) => !present.has(id) && !isHere(id));
    for (const id of missing) if (before.has(id)) await guests.leave(id);
    this.suspects = new Set(missing.filter((id) => !before.has(id)));
  }
}
