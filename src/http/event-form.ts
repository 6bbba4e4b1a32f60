import type { WireForm } from '../core/live/connection.ts';
import { type LiveEvent, deletedUser } from '../core/live/events.ts';
import { presentMessage, presentTime } from './present.ts';

/** How the sealed API writes events: JSON, which each stream then seals (PROTOCOL.md §6). */
export const eventForm: WireForm<string> = {
  encode: (event, other) =>
    JSON.stringify({ kind: event.kind, at: presentTime(event.at), ...members(event, other) }),
};

function members(event: LiveEvent, other: string | null): Record<string, unknown> {
  switch (event.kind) {
    case 'message':
      return presentMessage(event, other);
    case 'message_read':
      return { ...room(event, other), username: event.username, seq: event.seq };
    case 'room_changed':
      return {
        ...room(event, other),
        room_kind: event.roomKind,
        username: event.username,
        state: event.state,
        role: event.role,
        reason: event.reason,
        members: event.members,
        online: event.online,
      };
    case 'member_joined':
    case 'member_left':
      return { ...room(event, other), username: event.username ?? deletedUser };
    case 'typing':
      return { ...room(event, other), username: event.username, typing: event.typing };
    case 'presence':
      return { username: event.username, online: event.online };
    case 'notice':
      return { message: event.text };
    case 'kicked':
    case 'banned':
    case 'killed':
      return { reason: event.reason, until: event.until === null ? null : presentTime(event.until) };
    case 'shutdown':
      return { reason: event.reason };
  }
}

function room(
  event: { readonly roomId: string; readonly roomName: string | null },
  other: string | null,
): Record<string, unknown> {
  return { room: event.roomId, room_name: event.roomName, ...(other === null ? {} : { with: other }) };
}
