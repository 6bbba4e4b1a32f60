import type { Request } from './messages.ts';
import type { MemberPage, Room, RoomEntry, RoomKind, RoomRole } from './messaging-types.ts';
import type { CallOptions } from './types.ts';

/** Somebody and the room it is about. */
export interface MemberOfRoom {
  readonly room: string;
  readonly username: string;
}

/** A client's `rooms`. All methods throw `LetterlockError`; a `room` is named by its id or its name. */
export class Rooms {
  private readonly request: Request;

  constructor(request: Request) {
    this.request = request;
  }

  /** Every room the user is in or may join: their own first. */
  async list(options?: CallOptions): Promise<readonly Room[]> {
    return ((await this.request('/list_rooms', {}, options)) as { rooms: Room[] }).rooms;
  }

  /**
   * Makes a room, owned by this user.
   *
   * @param room.room its name, of 1 to 60 characters
   * @param room.openHistory whether new members see what was said before them. Default: they do not
   */
  async create(
    room: {
      readonly room: string;
      readonly kind: Exclude<RoomKind, 'direct'>;
      readonly openHistory?: boolean;
    },
    options?: CallOptions,
  ): Promise<RoomEntry> {
    const { openHistory, ...fields } = room;
    const history = openHistory === undefined ? {} : { open_history: openHistory };
    return (await this.request('/create_room', { ...fields, ...history }, options)) as RoomEntry;
  }

  /** Joins a room, or asks to be let in: `state` says which. */
  async join(room: string, options?: CallOptions): Promise<RoomEntry> {
    return (await this.request('/join_room', { room }, options)) as RoomEntry;
  }

  /** Leaves a room, or takes back having asked. */
  async leave(room: string, options?: CallOptions): Promise<RoomEntry> {
    return (await this.request('/leave_room', { room }, options)) as RoomEntry;
  }

  /**
   * A page of a room's members.
   *
   * @param query.state `member` unless said otherwise; the others are for moderators
   * @param query.after the `next` of the page before
   * @param query.limit 1 to 200. Default 100
   */
  async members(
    query: {
      readonly room: string;
      readonly state?: 'member' | 'pending' | 'invited' | 'banned';
      readonly after?: string;
      readonly limit?: number;
    },
    options?: CallOptions,
  ): Promise<MemberPage> {
    return (await this.request('/list_members', query, options)) as MemberPage;
  }

  /** Invites a user, or lets one in who has asked. */
  async invite(member: MemberOfRoom, options?: CallOptions): Promise<void> {
    await this.request('/invite_member', member, options);
  }

  /** Lets a user in who has asked. */
  async approve(member: MemberOfRoom, options?: CallOptions): Promise<void> {
    await this.request('/approve_member', member, options);
  }

  /** Refuses a user who has asked; the reason is shown to them. */
  async refuse(member: MemberOfRoom & { readonly reason?: string }, options?: CallOptions): Promise<void> {
    await this.request('/refuse_member', member, options);
  }

  /** Removes a member; the reason is shown to them. */
  async remove(member: MemberOfRoom & { readonly reason?: string }, options?: CallOptions): Promise<void> {
    await this.request('/remove_member', member, options);
  }

  /** Keeps a user out of the room. @param ban.until when it ends; for good when left out */
  async ban(
    ban: MemberOfRoom & { readonly reason?: string; readonly until?: Date },
    options?: CallOptions,
  ): Promise<void> {
    const { until, ...fields } = ban;
    const end = until === undefined ? {} : { until: until.toISOString() };
    await this.request('/ban_member', { ...fields, ...end }, options);
  }

  /** Lets a user come back. */
  async unban(member: MemberOfRoom, options?: CallOptions): Promise<void> {
    await this.request('/unban_member', member, options);
  }

  /** Names a member moderator or member, or, with `owner`, hands the room over. */
  async setRole(member: MemberOfRoom & { readonly role: RoomRole }, options?: CallOptions): Promise<void> {
    await this.request('/set_role', member, options);
  }
}
