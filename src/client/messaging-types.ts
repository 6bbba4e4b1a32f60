import type { LetterlockError } from './errors.ts';

/** `open`: anybody joins. `approval`: a moderator lets them in. `invite`: seen by members alone. `direct`: two users. */
export type RoomKind = 'open' | 'approval' | 'invite' | 'direct';
export type RoomRole = 'owner' | 'moderator' | 'member';

/** A message. Edited or deleted, it keeps its number. Times are RFC 3339. */
export interface Message {
  /** The room's id. */
  readonly room: string;
  /** Null for a direct room. */
  readonly room_name: string | null;
  /** In a direct room: the other's name. */
  readonly with?: string;
  /** Each room counts its messages 1, 2, 3, … */
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  /** Null once deleted. */
  readonly message: string | null;
  readonly at: string;
  readonly edited_at: string | null;
  readonly deleted: boolean;
  /** The room's count of edits and deletions at the last one of this message; 0 when there was none. */
  readonly revision: number;
}

/** A room as the user sees it. */
export interface Room {
  readonly id: string;
  /** Null for a direct room. */
  readonly name: string | null;
  readonly kind: RoomKind;
  /** In a direct room: the other's name. */
  readonly with: string | null;
  readonly state: 'member' | 'pending' | 'none';
  readonly role: RoomRole | null;
  /** Number of the newest message; 0 before the first. */
  readonly last_seq: number;
  /** How far the user has read. */
  readonly read_seq: number;
  /** Edits and deletions so far. */
  readonly last_revision: number;
  readonly members: number;
  readonly online: number;
}

/** How the user stands to a room they have just made, joined or left. */
export interface RoomEntry {
  readonly room: string;
  readonly room_name: string | null;
  readonly kind: RoomKind;
  readonly state: Room['state'];
}

/** Somebody in a room, or who waits to be, was invited or is banned. */
export interface Member {
  readonly id: string;
  readonly username: string;
  readonly role: RoomRole;
  readonly online: boolean;
  readonly since: string;
  readonly reason: string | null;
}

/** A user, as others see them. */
export interface OtherUser {
  readonly id: string;
  readonly username: string;
  readonly online: boolean;
}

/** Messages in ascending order. */
export interface MessagePage {
  readonly messages: readonly Message[];
  /** Whether there are more in the direction that was asked for. */
  readonly has_more: boolean;
}

export interface MemberPage {
  readonly members: readonly Member[];
  /** What to give as `after` for the next page; null on the last. */
  readonly next: string | null;
}

export interface UserPage {
  readonly users: readonly OtherUser[];
  /** What to give as `after` for the next page; null on the last. */
  readonly next: string | null;
}

/** A message that is committed. */
export interface SentMessage {
  readonly id: string;
  readonly room: string;
  readonly seq: number;
  readonly at: string;
}

export interface RevisedMessage extends SentMessage {
  readonly revision: number;
}

/** A room by its id or its name, or the direct room with a user. */
export type MessagePlace = { readonly room: string } | { readonly with: string };

/** Which messages: after a number, or before one, or, with neither, the newest. */
export type MessageQuery = MessagePlace & {
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  /** Instead of the two: messages edited or deleted since `last_revision` stood here, in that order. */
  readonly afterRevision?: number;
  /** 1 to 200. Default 50 */
  readonly limit?: number;
};

interface OfRoom {
  readonly at: string;
  readonly room: string;
  readonly room_name: string | null;
  readonly with?: string;
}

/** What the server tells (PROTOCOL.md §6). */
export type ServerEvent =
  | ({ readonly kind: 'message' } & Message)
  | ({ readonly kind: 'message_read'; readonly username: string; readonly seq: number } & OfRoom)
  | ({
      readonly kind: 'room_changed';
      readonly room_kind: RoomKind;
      /** Whose standing changed; null when only the counts did. */
      readonly username: string | null;
      readonly state: 'member' | 'pending' | 'invited' | 'refused' | 'removed' | 'banned' | 'none' | null;
      readonly role: RoomRole | null;
      readonly reason: string | null;
      readonly members: number;
      readonly online: number;
    } & OfRoom)
  | ({ readonly kind: 'member_joined' | 'member_left'; readonly username: string } & OfRoom)
  | ({ readonly kind: 'typing'; readonly username: string; readonly typing: boolean } & OfRoom)
  | { readonly kind: 'presence'; readonly at: string; readonly username: string; readonly online: boolean }
  /** From the server's admin to everybody. */
  | { readonly kind: 'notice'; readonly at: string; readonly message: string }
  /** The admin ended the user's connections; this one comes back after a while. */
  | { readonly kind: 'killed'; readonly at: string; readonly reason: string; readonly until: string | null }
  | { readonly kind: 'shutdown'; readonly at: string; readonly reason: string };

/** What the client tells of its connection. */
export type ConnectionEvent =
  /** Nothing is missing any more: what comes now is live. */
  | {
      readonly kind: 'connected';
      /** Every room the user is in or may join, as it was once the stream was open. */
      readonly rooms: readonly Room[];
    }
  /** The stream broke and could not be opened again at once. It goes on being tried. */
  | { readonly kind: 'disconnected'; readonly error: LetterlockError };

export type ClientEvent = ServerEvent | ConnectionEvent;

/** How far a room's messages were received. */
export interface Position {
  /** Number of the last message. */
  readonly seq: number;
  /** The highest `revision` seen; edits since then come as well. */
  readonly revision: number;
}

export interface EventOptions {
  /** Only these rooms, by id or by name. Default: all of the user's, also those joined meanwhile */
  readonly rooms?: readonly string[];
  /**
   * Where to go on, by room id: what came after is handed out first. A number is that of the last message. Rooms that
   * are not in it begin with what is said from now on.
   */
  readonly since?: Readonly<Record<string, number | Position>>;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** A stream that is silent for so long counts as broken; the server makes a sign every 25 s. Default 60 s */
  readonly silenceMilliseconds?: number;
}
