import type { BanList } from '../../core/moderation/ban-list.ts';
import { keptOutObject } from './objects.ts';

/** What somebody is told who comes from an address that is kept out; null where it is not. */
export function bannedAddressObject(bans: BanList, address: string): Buffer | null {
  const ban = bans.ofAddress(address);
  if (ban === null) return null;
  return keptOutObject({ type: ban.kind === 'kick' ? 'kick_ip' : 'ban_ip' }, ban.until, ban.reason);
}
