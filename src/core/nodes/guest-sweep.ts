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
  };
  private suspects: ReadonlySet<string> = new Set();

  constructor(parts: GuestSweep['parts']) {
    this.parts = parts;
  }

  async run(): Promise<void> {
    const { read, guests, online } = this.parts;
    const before = this.suspects;
    // Whatever fails below, who was suspected has to be found missing twice again.
    this.suspects = new Set();
    const ids = (await read.users.guests(guestsAtOnce)).map(({ id }) => id);
    const present = ids.length === 0 ? new Set<string>() : await online.onlineAmong(ids);
    const missing = ids.filter((id) => !present.has(id));
    for (const id of missing) if (before.has(id)) await guests.leave(id);
    this.suspects = new Set(missing.filter((id) => !before.has(id)));
  }
}
