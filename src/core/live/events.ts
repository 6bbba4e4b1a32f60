import type { BanKind } from '../moderation-store.ts';
import type { MembershipState, RoomKind, RoomRole } from '../room-store.ts';

/** The room an event is about. */
export interface EventRoom {
  readonly roomId: string;
  /** Null for a direct room. */
  readonly roomName: string | null;
  /** The two of a direct room, each of whom sees it under the other's name; else null. */
  readonly pair: Pair | null;
}

/** The two users of a direct room. */
export type Pair = readonly { readonly userId: string; readonly username: string | null }[];

/** A message as everyone who may see it sees it. Times are milliseconds since 1970. */
export interface MessageView extends EventRoom {
  readonly seq: number;
  /** Null once the account is deleted. */
  readonly sender: string | null;
  /** Null once deleted. */
  readonly text: string | null;
  readonly sentAt: number;
  readonly editedAt: number | null;
  readonly deletedAt: number | null;
  readonly revision: number;
}

/** What connections are told (PROTOCOL.md §6). `at` is milliseconds since 1970. */
export type LiveEvent = { readonly at: number } & (
  | ({
      readonly kind: 'message';
      /** Whether the server chose to whom it goes. Told live and never kept. */
      readonly atRandom?: boolean;
      /** Whether they were typing until now, for those who have to be told that this is over. */
      readonly wasTyping?: boolean;
    } & MessageView)
  | ({ readonly kind: 'message_read'; readonly username: string | null; readonly seq: number } & EventRoom)
  | ({
      readonly kind: 'room_changed';
      readonly roomKind: RoomKind;
      /** Whose standing changed; null when only the counts did. */
      readonly username: string | null;
      readonly state: MembershipState | 'none' | null;
      readonly role: RoomRole | null;
      readonly reason: string | null;
      readonly members: number;
      readonly online: number;
    } & EventRoom)
  | ({ readonly kind: 'member_joined' | 'member_left'; readonly username: string | null } & EventRoom)
  | ({
      readonly kind: 'typing';
      readonly username: string;
      readonly typing: boolean;
      /** Of an end that they did not say: what was told when. If another node has told it since, that holds. */
      readonly toldAt?: number;
    } & EventRoom)
  | { readonly kind: 'presence'; readonly username: string; readonly online: boolean }
  | { readonly kind: 'notice'; readonly text: string }
  | KeptOut
  | { readonly kind: 'shutdown'; readonly reason: string }
);

/** What somebody is told whose connections are ended. */
export interface KeptOut {
  readonly kind: 'kicked' | 'banned' | 'killed';
  readonly reason: string;
  readonly until: number | null;
  /** Whether it is for the address they come from rather than for them. */
  readonly byAddress?: boolean;
}

/** The word for it on the wire and in the catalogue. */
export function keptOutCode(kind: BanKind): 'kicked' | 'banned' {
  return kind === 'kick' ? 'kicked' : 'banned';
}

/** The name under which one of the two sees a direct room; null for any other room. */
export function nameOfOther(pair: Pair | null, userId: string): string | null {
  if (pair === null) return null;
  return pair.find((each) => each.userId !== userId)?.username ?? deletedUser;
}

/** What stands in the place of a name that is gone: no username holds a space. */
export const deletedUser = 'deleted user';
