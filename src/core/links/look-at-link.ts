import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import type { LinkPurpose, LinkRow } from '../link-store.ts';
import type { Reader } from '../store.ts';
import { hashToken, isToken } from './link.ts';

/** How it stands with a link. */
export type LinkState =
  | { readonly state: 'good'; readonly userId: string; readonly email: string | null }
  | { readonly state: 'used' | 'expired' | 'unknown' };

/** Says how it stands with a link, and changes nothing: programs that scan mails follow links too. */
export function lookAtLink({
  read,
  keys,
  clock,
}: {
  read: Pick<Reader, 'links'>;
  keys: AtRestKeys;
  clock: Clock;
}) {
  return async (purpose: LinkPurpose, token: string): Promise<LinkState> => {
    if (!isToken(token)) return { state: 'unknown' };
    return stateOf(await read.links.find(hashToken(keys, purpose, token)), clock.now());
  };
}

function stateOf(link: LinkRow | null, now: number): LinkState {
  if (link === null || link.userId === null) return { state: 'unknown' };
  if (link.endedAt !== null) return { state: 'used' };
  if (link.expiresAt <= now) return { state: 'expired' };
  return { state: 'good', userId: link.userId, email: link.email };
}
