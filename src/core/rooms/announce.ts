import type { Clock } from '../clock.ts';
import type { LiveEvent } from '../live/events.ts';
import { type Hub, largeRoom } from '../live/hub.ts';
import type { MembershipChange } from '../transactions/memberships.ts';

/** Says that somebody stands to a room in another way than before. */
export type AnnounceMembership = (change: MembershipChange) => void;

/**
 * Tells everyone whom a committed change of membership concerns: the hub first, so that nobody hears what they may
 * not; then the room, those who may let others in, and the one it is about.
 */
export function announceMembership(hub: Hub, clock: Clock): AnnounceMembership {
  return (change) => {
    const { roomId, roomName, pair, roomKind, username, state, wasMember, members } = change;
    hub.membershipChanged(change);
    const isMember = state === 'member';
    const room = { at: clock.now(), roomId, roomName, pair };
    const changed = changedEvent(change, clock.now(), hub.onlineIn(roomId));
    if (roomKind === 'direct') {
      // Who has ended their account leaves the other behind.
      if (wasMember && !isMember) hub.toRoom(changed, change.membersVersion);
    } else {
      const version = change.membersVersion;
      if (members <= largeRoom) {
        if (isMember && !wasMember) hub.toRoom({ kind: 'member_joined', ...room, username }, version);
        if (wasMember && !isMember) hub.toRoom({ kind: 'member_left', ...room, username }, version);
        // They are told below, whatever they listen to.
        if (wasMember && isMember) hub.toRoom(changed, version, change.userId);
      }
      if (state === 'pending') hub.toModerators(changed);
    }
    hub.toUser(change.userId, changed);
  };
}

/** What is told of a change, to whom it is about above all. */
export function changedEvent(
  { roomId, roomName, pair, roomKind, username, state, role, reason, members }: MembershipChange,
  at: number,
  online: number,
): Extract<LiveEvent, { kind: 'room_changed' }> {
  return {
    kind: 'room_changed',
    at,
    roomId,
    roomName,
    pair,
    roomKind,
    username,
    state,
    role: state === 'member' ? role : null,
    reason,
    members,
    online,
  };
}
