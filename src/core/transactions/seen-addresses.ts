import type { SeenAddressRow } from '../moderation-store.ts';
import type { Transaction } from '../store.ts';

/** Remembers where users were seen. */
export async function noteAddresses(
  transaction: Transaction,
  rows: readonly SeenAddressRow[],
): Promise<void> {
  for (const row of rows) {
    const user = await transaction.users.byId(row.userId);
    if (user !== null && user.deletedAt === null) await transaction.seenAddresses.put(row);
  }
}
