import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { MembershipState } from '../../core/room-store.ts';
import { pairKeyOf } from '../../core/transactions/messages.ts';
import type { Dialect } from '../queries/dialect.ts';
import { inPages } from '../queries/keyset.ts';
import type { Inspection } from './inspection.ts';
import type { NamedRoom } from './message-checks.ts';
import { personQuery } from './person-query.ts';

interface Seat {
  readonly userId: string;
  readonly state: MembershipState;
}

/**
 * Prepares the check of a direct room: it has its two and nobody else; of an account that was deleted, no seat is left.
 */
export function pairCheck({ dialect, findings }: Inspection): (room: NamedRoom) => Promise<void> {
  const personOf = personQuery(dialect);
  const seatsOf = seatQuery(dialect);
  return async ({ room, label }) => {
    if ((room.kind === 'direct') !== (room.pairKey !== null)) {
      findings.add(`In ${label}, the kind is ${room.kind}, which does not fit its pair.`);
    }
    if (room.pairKey === null) return;
    const [one = '', other = '', ...more] = room.pairKey.split(' ');
    if (one === other || more.length > 0 || pairKeyOf(one, other) !== room.pairKey) {
      findings.add(`In ${label}, the pair is not that of two users.`);
      return;
    }
    const states = new Map<string, MembershipState>();
    for await (const { userId, state } of seatsOf(room.id)) {
      if (userId === one || userId === other) states.set(userId, state);
      else findings.add(`In ${label}, there is also ${(await personOf(userId))?.username ?? userId}.`);
    }
    for (const userId of [one, other]) {
      const person = await personOf(userId);
      if (person === null) {
        findings.add(`In ${label}, one of the two is a user who is not known.`);
      } else if ((states.get(userId) === 'member') !== (person.deletedAt === null)) {
        const wrong = person.deletedAt === null ? 'is not in it' : 'is in it, but the account was deleted';
        findings.add(`In ${label}, ${person.username ?? userId} ${wrong}.`);
      }
    }
  };
}

function seatQuery({ database, prepared, tables }: Dialect): (roomId: string) => AsyncIterable<Seat> {
  const { roomId, userId, state } = tables.memberships;
  const page = prepared(
    database
      .select({ userId, state })
      .from(tables.memberships)
      .where(and(eq(roomId, sql.placeholder('roomId')), gt(userId, sql.placeholder('after'))))
      .orderBy(asc(userId))
      .limit(sql.placeholder('limit')),
  );
  return (room) =>
    inPages<Seat>((last, limit) => page.execute({ roomId: room, after: last?.userId ?? '', limit }));
}
