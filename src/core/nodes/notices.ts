import type { EventRoom, KeptOut, LiveEvent } from '../live/events.ts';
import type { BanRow } from '../moderation-store.ts';
import type { MembershipChange } from '../transactions/memberships.ts';

/** Who of a room is told. */
export type RoomAudience =
  'everyone' | 'moderators' | { readonly readsAs: string } | { readonly butId: string };

/** What one node tells the others. JSON goes between them, so nothing here is anything else. */
export type Notice =
  | {
      readonly kind: 'room event';
      readonly event: LiveEvent & EventRoom;
      readonly version: number;
      readonly to: RoomAudience;
    }
  | { readonly kind: 'user event'; readonly userId: string; readonly event: LiveEvent & Partial<EventRoom> }
  | { readonly kind: 'event for all'; readonly event: LiveEvent }
  | { readonly kind: 'membership'; readonly change: MembershipChange }
  | ({ readonly kind: 'presence'; readonly roomId: string } & PresenceChange)
  | { readonly kind: 'count'; readonly roomId: string; readonly node: string; readonly online: number }
  | { readonly kind: 'renamed'; readonly userId: string; readonly username: string }
  | { readonly kind: 'kill'; readonly userId: string; readonly why: KeptOut & { readonly at: number } }
  | { readonly kind: 'end keyless'; readonly userId: string }
  | { readonly kind: 'bans'; readonly lifted: readonly string[]; readonly imposed: readonly BanRow[] }
  | { readonly kind: 'profile'; readonly userId: string }
  | { readonly kind: 'private keys'; readonly userId: string }
  | { readonly kind: 'sessions ended'; readonly ended: EndedSessions }
  | { readonly kind: 'names' };

/** Somebody has come, or gone, as seen over all nodes. */
export interface PresenceChange {
  readonly userId: string;
  readonly username: string;
  readonly online: boolean;
  readonly at: number;
}

/** Which of a user's sessions are over: one, or all but one. */
export interface EndedSessions {
  readonly userId: string;
  /** Null for all of them. */
  readonly sessionId: string | null;
  /** The one that goes on, where all others end. */
  readonly exceptId: string | null;
}
