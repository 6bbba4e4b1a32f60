import type { Clock } from '../clock.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { defaultRooms } from '../transactions/first-start.ts';
import { roomNameKey } from './room-name.ts';

/** Makes what a messenger cannot be without: a data key, and the default rooms. Does nothing where they are there. */
export async function prepareMessaging(parts: {
  store: Store<Transactions>;
  clock: Clock;
  random: RandomBytes;
}): Promise<void> {
  try {
    await make(parts);
  } catch {
    // Another node that starts for the first time at this moment may have been faster: then it is there now.
    await make(parts);
  }
}

async function make(parts: { store: Store<Transactions>; clock: Clock; random: RandomBytes }): Promise<void> {
  const { store, clock, random } = parts;
  const now = clock.now();
  await store.transact('makeFirstDataKey', { now });
  const rooms = defaultRooms.map(({ name, kind, joinedByAll }) => ({
    id: newId(random),
    name,
    nameKey: roomNameKey(name),
    kind,
    openHistory: false,
    joinedByAll,
  }));
  await store.transact('makeDefaultRooms', { now, rooms });
}
