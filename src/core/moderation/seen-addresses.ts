import { addressBytes, unknownAddress } from '../addresses.ts';
import type { SeenAddressRow } from '../moderation-store.ts';

/** Where users were seen lately, gathered to be written down now and then. */
export class SeenAddresses {
  private pending = new Map<string, SeenAddressRow>();

  /** Notes that the user was seen at the canonical address. */
  note(userId: string, address: string, now: number): void {
    if (address === unknownAddress) return;
    const addressKey = addressBytes(address);
    this.pending.set(`${userId} ${address}`, { userId, address, addressKey, seenAt: now });
  }

  /** What was noted since the last time. */
  take(): SeenAddressRow[] {
    const rows = [...this.pending.values()];
    this.pending = new Map();
    return rows;
  }
}
