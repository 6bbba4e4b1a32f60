import type { NodeHub } from './node-hub.ts';
import type { NodeEffects } from './nodes.ts';
import type { Notice } from './notices.ts';
import type { PresenceAcrossNodes } from './presence-across-nodes.ts';
import type { RoomCounts } from './room-counts.ts';

/** What is done here on the word of another node. A notice that this version does not know is left alone. */
export function followNotices(
  parts: NodeEffects & { hub: NodeHub; across: PresenceAcrossNodes; counts: RoomCounts },
): (notice: Notice) => void {
  const { hub, across, counts, moderation, presence, profiles, privateKeys, nameChanges, registry } = parts;
  return (notice) => {
    switch (notice.kind) {
      case 'room event':
        hub.toRoomHere(notice.event, notice.version, notice.to);
        return;
      case 'user event':
        hub.toUserHere(notice.userId, notice.event);
        return;
      case 'event for all':
        hub.toAllHere(notice.event);
        return;
      case 'membership':
        hub.membershipHeard(notice.change);
        return;
      case 'presence': {
        const { userId, username, online, at } = notice;
        across.heardOf(notice.roomId, { userId, username, online, at });
        return;
      }
      case 'count':
        counts.heard(notice.roomId, notice.node, notice.online);
        presence.countChanged(notice.roomId);
        return;
      case 'renamed':
        hub.renamedHere(notice.userId, notice.username);
        return;
      case 'kill':
        hub.keepUserOut(notice.userId, notice.why);
        return;
      case 'end keyless':
        hub.endKeylessHere(notice.userId);
        return;
      case 'bans':
        moderation.follow(notice);
        return;
      case 'profile':
        profiles.drop(notice.userId);
        return;
      case 'private keys':
        privateKeys.dropUser(notice.userId);
        return;
      case 'sessions ended':
        registry.endedElsewhere(notice.ended);
        return;
      case 'names':
        nameChanges.noteHere();
    }
  };
}
