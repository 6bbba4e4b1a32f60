import type { Account } from '../core/accounts/account.ts';
import type { AccountExport } from '../core/accounts/export-account.ts';
import type { Me, SessionView } from '../core/accounts/me.ts';
import { type MessageView, deletedUser } from '../core/live/events.ts';
import type { MemberView, RoomView } from '../core/rooms/listings.ts';
import type { HandshakeAnswer } from '../core/sessions/handshake.ts';
import type { MembershipChange } from '../core/transactions/memberships.ts';
import type { PublicKeyView } from '../core/user-keys/public-keys.ts';

/** Core's results in the words of the wire (PROTOCOL.md §5, "Shapes"). */

/** RFC 3339 in UTC with milliseconds. */
export function presentTime(milliseconds: number): string {
  let text = presentedTimes.get(milliseconds);
  if (text === undefined) {
    if (presentedTimes.size >= 4096) presentedTimes.clear();
    text = new Date(milliseconds).toISOString();
    presentedTimes.set(milliseconds, text);
  }
  return text;
}

/** Writing a time takes longer than finding it again, and most times are shown many times over. */
const presentedTimes = new Map<number, string>();

export function presentUser(user: Account) {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    created_at: presentTime(user.createdAt),
    role: user.role,
  };
}

export function presentSession(session: SessionView) {
  return {
    session_id: session.sessionId,
    address: session.address,
    client: session.client,
    created_at: presentTime(session.createdAt),
    last_used_at: presentTime(session.lastUsedAt),
    current: session.current,
  };
}

export function presentMe(me: Me) {
  let presented = presentedUsers.get(me);
  if (presented === undefined) {
    presented = {
      user: { ...presentUser(me), key_ids: me.keyIds, sessions: me.sessions.map(presentSession) },
    };
    presentedUsers.set(me, presented);
  }
  return presented;
}

/** The same view is asked for many times over. */
const presentedUsers = new WeakMap<Me, { user: unknown }>();

export function presentPublicKey({ kid, modulus }: PublicKeyView) {
  return { kty: 'RSA', n: modulus, e: 'AQAB', kid, alg: 'RSA-OAEP-256', use: 'enc' };
}

export function presentHandshake(answer: HandshakeAnswer) {
  return {
    session_key: answer.sessionKey,
    key: answer.key,
    alg: 'RSA-OAEP-256',
    enc: answer.enc,
    expires_in: answer.expiresIn,
    server_key_id: answer.serverKeyId,
    signature: answer.signature,
  };
}

export function presentExport(account: AccountExport) {
  return {
    user: presentUser(account.user),
    sessions: account.sessions.map(presentSession),
    keys: account.keys.map((key) => ({
      ...presentPublicKey(key),
      created_at: presentTime(key.createdAt),
      private_key: key.privateKey,
    })),
    pending_email: account.pendingEmail,
    email_links: account.emailLinks.map(({ email, expiresAt, endedAt }) => ({
      email,
      expires_at: presentTime(expiresAt),
      ended_at: endedAt === null ? null : presentTime(endedAt),
    })),
    addresses: account.addresses.map(({ address, seenAt }) => ({ address, seen_at: presentTime(seenAt) })),
    rooms: account.rooms.map(({ room, membership }) => ({
      room: room.id,
      room_name: room.name,
      kind: room.kind,
      state: membership.state,
      role: membership.role,
      since: presentTime(membership.since),
      read_seq: membership.readSeq,
    })),
    messages: account.messages.map((message) => ({
      room: message.roomId,
      seq: message.seq,
      message: message.text,
      at: presentTime(message.sentAt),
      edited_at: message.editedAt === null ? null : presentTime(message.editedAt),
      deleted: message.deletedAt !== null,
    })),
    next: account.next === null ? null : { room: account.next.roomId, seq: account.next.seq },
  };
}

/** @param other the name under which the receiver sees a direct room */
export function presentMessage(message: MessageView, other: string | null) {
  return {
    room: message.roomId,
    room_name: message.roomName,
    ...(other === null ? {} : { with: other }),
    seq: message.seq,
    id: messageId(message),
    from: message.sender ?? deletedUser,
    message: message.text,
    at: presentTime(message.sentAt),
    edited_at: message.editedAt === null ? null : presentTime(message.editedAt),
    deleted: message.deletedAt !== null,
    revision: message.revision,
  };
}

/** A message's id: its room and number, which never change. */
export function messageId({ roomId, seq }: { roomId: string; seq: number }): string {
  return `${roomId}.${seq}`;
}

export function presentRoom({ room, with: other, state, role, readSeq, online }: RoomView) {
  return {
    id: room.id,
    name: room.name,
    kind: room.kind,
    with: other,
    state,
    role,
    last_seq: room.lastSeq,
    read_seq: readSeq,
    last_revision: room.lastRevision,
    members: room.members,
    online,
  };
}

/** What somebody who entered or left a room is told. */
export function presentRoomEntry({ change }: { change: MembershipChange }) {
  const { roomId, roomName, roomKind, state } = change;
  const shown = state === 'member' || state === 'pending' ? state : 'none';
  return { room: roomId, room_name: roomName, kind: roomKind, state: shown };
}

export function presentMember({ userId, username, role, online, since, reason }: MemberView) {
  return { id: userId, username, role, online, since: presentTime(since), reason };
}
