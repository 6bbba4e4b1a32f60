import { asc } from 'drizzle-orm';
import type { RoomRow } from '../../core/room-store.ts';
import { comesAfter, inPages } from '../queries/keyset.ts';
import type { Inspection } from './inspection.ts';
import { memberCheck } from './member-checks.ts';
import { type NamedRoom, messageCheck } from './message-checks.ts';
import { pairCheck } from './pair-checks.ts';
import { type Person, personQuery } from './person-query.ts';

/** Every room: its messages, who is counted as a member, and for a direct room its two. */
export async function checkRooms(
  inspection: Inspection,
  dataKeys: ReadonlyMap<number, Buffer>,
  totalMessages: number,
): Promise<void> {
  const { dialect, findings } = inspection;
  const checkMessages = messageCheck(inspection, dataKeys, totalMessages);
  const checkMembers = memberCheck(inspection);
  const checkPair = pairCheck(inspection);
  const personOf = personQuery(dialect);
  const { rooms } = dialect.tables;
  const all = inPages<RoomRow>((last, limit) =>
    dialect.database
      .select()
      .from(rooms)
      .where(last === null ? undefined : comesAfter([rooms.id], [last.id]))
      .orderBy(asc(rooms.id))
      .limit(limit),
  );
  for await (const room of all) {
    const named: NamedRoom = { room, label: await labelOf(room, personOf) };
    await findings.attempt(`the messages of ${named.label}`, () => checkMessages(named));
    await findings.attempt(`the members of ${named.label}`, async () => {
      await checkMembers(named);
      await checkPair(named);
    });
  }
}

async function labelOf(
  { id, name, pairKey }: RoomRow,
  personOf: (id: string) => Promise<Person | null>,
): Promise<string> {
  if (name !== null) return `the room ${JSON.stringify(name)}`;
  if (pairKey === null) return `the room ${id}`;
  const names: string[] = [];
  for (const userId of pairKey.split(' ')) names.push((await personOf(userId))?.username ?? 'somebody');
  return `the direct room of ${names.join(' and ')}`;
}
