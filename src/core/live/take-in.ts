import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type ProvenAccount, loginMark } from '../accounts/login-mark.ts';
import { Refusal } from '../errors.ts';
import type { BanList } from '../moderation/ban-list.ts';
import type { Reader } from '../store.ts';
import { refuseMoreConnections } from './connection-limit.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';

/**
 * Attaches the connection of somebody who has shown who they are, for a way in that has no sealed sessions.
 *
 * What ends a user's connections finds those that are attached: another password, the end of the account, a ban. What
 * came between the check of the password and the attaching is therefore looked for afterwards, here. Until the promise is
 * fulfilled nobody is in: whatever the connection hears before is not to be passed on.
 *
 * Nothing is awaited before the connection counts as one of the user's.
 *
 * @throws Refusal `wrong_credentials` when the password is another one by now or the account is gone; `banned`, `kicked`;
 *   `rate_limited` for too many connections; the connection is detached then
 */
export function takeIn({
  read,
  keys,
  bans,
  whenBansAreKnown,
  hub,
  maxConnections,
}: {
  read: Pick<Reader, 'users'>;
  keys: AtRestKeys;
  bans: BanList;
  /** Null where they are known; rejects with `busy` while they cannot be read. */
  whenBansAreKnown: () => Promise<void> | null;
  hub: Hub;
  /** Connections that one user may have at once. */
  maxConnections: number;
}) {
  const presentMark = loginMark({ read, keys });
  return async (connection: Connection, { account, mark }: ProvenAccount): Promise<void> => {
    refuseMoreConnections(hub, account.id, maxConnections);
    try {
      await hub.attach(connection, account.username);
      await whenBansAreKnown();
      bans.refuseAddress(connection.address);
      bans.refuseUser(account.id);
      if ((await presentMark(account.id)) !== mark) throw new Refusal('wrong_credentials');
    } catch (error) {
      hub.detach(connection);
      throw error;
    }
  };
}
