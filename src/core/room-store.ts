/** What core asks of durable state for rooms and messages. Times are milliseconds since 1970 UTC. */

/** `direct` is between two users; one exists for each pair. */
export type RoomKind = 'open' | 'approval' | 'invite' | 'direct';
export type RoomRole = 'owner' | 'moderator' | 'member';
/** How a user stands to a room. A row that is not there is a stranger's. */
export type MembershipState = 'member' | 'pending' | 'invited' | 'refused' | 'removed' | 'banned';

export interface RoomRow {
  readonly id: string;
  /** As it was given, NFC. Null for a direct room. */
  readonly name: string | null;
  /** Folded, unique. */
  readonly nameKey: string | null;
  readonly kind: RoomKind;
  /** The two users' ids in order, for a direct room; unique. */
  readonly pairKey: string | null;
  /** Whether members see what was said before they joined. */
  readonly openHistory: boolean;
  /** Whether every account joins it by itself. */
  readonly joinedByAll: boolean;
  /** The number of the newest message: they are numbered from 1 without gaps in commit order. */
  readonly lastSeq: number;
  /** How many edits and deletions there were. */
  readonly lastRevision: number;
  /** How many are members now. */
  readonly members: number;
  /** Goes up with every change of who is a member, so that a copy held elsewhere knows whether it is current. */
  readonly membersVersion: number;
  readonly createdAt: number;
}

export interface MembershipRow {
  readonly roomId: string;
  readonly userId: string;
  readonly state: MembershipState;
  readonly role: RoomRole;
  /** Messages up to this number were said before the user joined. */
  readonly visibleAfter: number;
  readonly readSeq: number;
  /** Since when the state holds. */
  readonly since: number;
  /** Why, for who was refused, removed or banned. */
  readonly reason: string | null;
  /** When a ban ends; null: not by itself. */
  readonly until: number | null;
}

export interface MessageRow {
  readonly roomId: string;
  readonly seq: number;
  readonly senderId: string;
  /** The text, sealed under a data key; null once deleted. */
  readonly sealedBody: Buffer | null;
  /** The data key it is sealed under; null once deleted. */
  readonly keyVersion: number | null;
  readonly sentAt: number;
  readonly editedAt: number | null;
  readonly deletedAt: number | null;
  /** The room's count of edits and deletions at this message's last one; 0 when there was none. */
  readonly revision: number;
}

/** A key that messages are sealed under. The newest seals; older ones open until nothing hangs on them. */
export interface DataKeyRow {
  readonly version: number;
  /** Sealed at rest; null once retired. */
  readonly sealedKey: Buffer | null;
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

/** A room with how one user stands to it. */
export interface RoomPlace {
  readonly room: RoomRow;
  readonly membership: MembershipRow | null;
}

export interface NamedMembership {
  readonly membership: MembershipRow;
  /** Null once the account is deleted. */
  readonly username: string | null;
}

export interface NamedMessage {
  readonly message: MessageRow;
  readonly sender: string | null;
}

/** A room whose newest number is the member's to fill. */
export interface SeatInRoom {
  readonly room: RoomRow;
  readonly username: string | null;
  readonly readSeq: number;
}

/** How far a room has come: what is compared to know whether anything was missed. */
export type RoomPosition = Pick<RoomRow, 'id' | 'lastSeq' | 'lastRevision' | 'membersVersion'>;

export interface RoomReads {
  byId(id: string): Promise<RoomRow | null>;
  byNameKey(nameKey: string): Promise<RoomRow | null>;
  byPairKey(pairKey: string): Promise<RoomRow | null>;
  /** Rooms that anybody may see: open ones and those by approval, by name. */
  listed(): Promise<RoomRow[]>;
  /** Rooms that every account joins by itself. */
  joinedByAll(): Promise<RoomRow[]>;
  /** Every room the user has any membership row in. */
  ofUser(userId: string): Promise<{ room: RoomRow; membership: MembershipRow }[]>;
  /** The pairs of the user's direct rooms, the one in which something was said last first. */
  pairsLastSpoken(userId: string, limit: number): Promise<string[]>;
  /** Ids in order, after the one given: for going through all of them. */
  idsAfter(id: string, limit: number): Promise<string[]>;
  /** How far the rooms named have come, at most 500 of them; those that are not there are left out. */
  positions(ids: readonly string[]): Promise<RoomPosition[]>;
}

export interface RoomWrites extends RoomReads {
  /** @throws UniqueConflict `room` */
  insert(row: RoomRow): Promise<void>;
  /**
   * Takes the next message number for a member, in one step because every message goes through it. Null, and nothing
   * is taken, for an unknown room, a deleted user, or who is no member.
   */
  takeSeq(id: string, userId: string): Promise<SeatInRoom | null>;
  /** Takes the next number of an edit or deletion. */
  takeRevision(id: string): Promise<number>;
  /** Counts members in (1) or out (-1), or notes that a role changed (0); the room as it is then. */
  countMembers(id: string, difference: number): Promise<RoomRow>;
  delete(id: string): Promise<void>;
}

export interface MembershipReads {
  find(roomId: string, userId: string): Promise<MembershipRow | null>;
  /** Of the users named, those that are members. */
  membersAmong(roomId: string, userIds: readonly string[]): Promise<MembershipRow[]>;
  /** In order of the user's id, after the one given. */
  ofRoom(
    roomId: string,
    query: { states: readonly MembershipState[]; after: string; limit: number },
  ): Promise<NamedMembership[]>;
  /** Those whose state holds since the time or later, by time, room and user, after the one given. */
  changedSince(
    time: number,
    after: Pick<MembershipRow, 'since' | 'roomId' | 'userId'> | null,
    limit: number,
  ): Promise<MembershipRow[]>;
  /** Who of the members is in the role, longest first. */
  inRole(roomId: string, role: RoomRole, limit: number): Promise<MembershipRow[]>;
}

export interface MembershipWrites extends MembershipReads {
  /** Inserts, or replaces the one that was there. */
  put(row: MembershipRow): Promise<void>;
  delete(roomId: string, userId: string): Promise<void>;
  /** Raises what was read; never lowers it. False when that changed nothing. */
  raiseReadSeq(roomId: string, userId: string, seq: number): Promise<boolean>;
}

export interface MessageReads {
  find(roomId: string, seq: number): Promise<NamedMessage | null>;
  /** The first ones with numbers above `afterSeq`, ascending. */
  after(roomId: string, afterSeq: number, limit: number): Promise<NamedMessage[]>;
  /** The last ones with numbers below `beforeSeq` and above `afterSeq`, ascending. */
  before(roomId: string, beforeSeq: number, afterSeq: number, limit: number): Promise<NamedMessage[]>;
  /** Those above a number that were edited or deleted since, in order of their revisions. */
  revisedAfter(roomId: string, revision: number, afterSeq: number, limit: number): Promise<NamedMessage[]>;
  /** What the user has sent, after the place given, in order of room and number. */
  ofSender(senderId: string, after: { roomId: string; seq: number }, limit: number): Promise<MessageRow[]>;
  /** Those sealed under a key of this version, some of them. */
  underKey(version: number, limit: number): Promise<MessageRow[]>;
  /** Everything sent at or after the time, oldest first. */
  since(time: number, limit: number): Promise<(NamedMessage & { roomName: string | null })[]>;
}

export interface MessageWrites extends MessageReads {
  insert(row: MessageRow): Promise<void>;
  update(
    roomId: string,
    seq: number,
    changes: Partial<Omit<MessageRow, 'roomId' | 'seq' | 'senderId' | 'sentAt'>>,
  ): Promise<void>;
}

export interface DataKeyReads {
  /** Oldest first. */
  all(): Promise<DataKeyRow[]>;
  find(version: number): Promise<DataKeyRow | null>;
  newest(): Promise<DataKeyRow | null>;
}

export interface DataKeyWrites extends DataKeyReads {
  insert(row: DataKeyRow): Promise<void>;
  /** Wipes the key. */
  retire(version: number, at: number): Promise<void>;
}
