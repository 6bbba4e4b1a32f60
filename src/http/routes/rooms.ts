import { z } from 'zod';
import type { listUsers } from '../../core/rooms/list-users.ts';
import type { listMembers, listRooms } from '../../core/rooms/listings.ts';
import {
  type createRoom,
  type joinRoom,
  type leaveRoom,
  maxReason,
  type moderateMember,
} from '../../core/rooms/membership-operations.ts';
import type { MemberAction } from '../../core/transactions/room-moderation.ts';
import { type AnyEndpoint, endpoint } from '../endpoint.ts';
import {
  limit,
  member,
  nothing,
  otherUser,
  roomEntry,
  roomInfo,
  roomName,
  roomReference,
  username,
} from '../fields.ts';
import { presentMember, presentRoom, presentRoomEntry } from '../present.ts';

export interface RoomOperations {
  readonly createRoom: ReturnType<typeof createRoom>;
  readonly joinRoom: ReturnType<typeof joinRoom>;
  readonly leaveRoom: ReturnType<typeof leaveRoom>;
  readonly moderateMember: ReturnType<typeof moderateMember>;
  readonly listRooms: ReturnType<typeof listRooms>;
  readonly listMembers: ReturnType<typeof listMembers>;
  readonly listUsers: ReturnType<typeof listUsers>;
}

const group = 'Rooms';
const reason = z.string().max(maxReason).meta({ description: 'Why: shown to the one it is about' });
const place = { room: roomReference, username };
/** What anybody may meet who names a room. */
export const roomRefusals = [
  'room_unknown',
  'not_a_member',
  'membership_pending',
  'removed_from_room',
  'banned_from_room',
] as const;

export function roomEndpoints(core: RoomOperations): AnyEndpoint[] {
  /** What a moderator does to a member: one endpoint for each action. */
  const moderation = <Fields extends z.ZodRawShape>(
    path: string,
    summary: string,
    fields: Fields,
    action: (input: z.infer<z.ZodObject<Fields>>) => MemberAction['action'],
  ): AnyEndpoint =>
    endpoint<unknown, unknown>({
      path,
      group,
      summary,
      login: true,
      changes: true,
      input: z.strictObject({ ...place, ...fields }),
      output: nothing,
      refusals: [...roomRefusals, 'user_unknown', 'forbidden'],
      handle: (caller, input) => {
        const given = input as { room: string; username: string } & z.infer<z.ZodObject<Fields>>;
        return core.moderateMember(caller, {
          room: given.room,
          username: given.username,
          action: action(given),
        });
      },
      present: () => ({}),
    });
  const optionalReason = { reason: reason.optional() };

  return [
    endpoint({
      path: '/list_rooms',
      group,
      summary: 'Every room the user is in or may join',
      login: true,
      changes: false,
      input: nothing,
      output: z.strictObject({ rooms: z.array(roomInfo) }),
      refusals: [],
      handle: (caller) => core.listRooms(caller),
      present: ({ rooms }) => ({ rooms: rooms.map(presentRoom) }),
    }),
    endpoint({
      path: '/create_room',
      group,
      summary: 'Makes a room, owned by who asks',
      login: true,
      changes: true,
      input: z.strictObject({
        room: roomName,
        kind: z.enum(['open', 'approval', 'invite']),
        open_history: z
          .boolean()
          .optional()
          .meta({ description: 'Whether new members see what was said before' }),
      }),
      output: roomEntry,
      refusals: ['room_taken'],
      handle: (caller, input) =>
        core.createRoom(caller, {
          name: input.room,
          kind: input.kind,
          openHistory: input.open_history ?? false,
        }),
      present: presentRoomEntry,
    }),
    endpoint({
      path: '/join_room',
      group,
      summary: 'Joins a room, or asks to be let in',
      login: true,
      changes: true,
      input: z.strictObject({ room: roomReference }),
      output: roomEntry,
      refusals: ['room_unknown', 'removed_from_room', 'banned_from_room'],
      handle: (caller, input) => core.joinRoom(caller, input.room),
      present: presentRoomEntry,
    }),
    endpoint({
      path: '/leave_room',
      group,
      summary: 'Leaves a room, or takes back having asked',
      login: true,
      changes: true,
      input: z.strictObject({ room: roomReference }),
      output: roomEntry,
      refusals: [...roomRefusals, 'forbidden'],
      handle: (caller, input) => core.leaveRoom(caller, input.room),
      present: presentRoomEntry,
    }),
    endpoint({
      path: '/list_members',
      group,
      summary: 'Who is in a room; for moderators also who waits, was invited or is banned',
      login: true,
      changes: false,
      input: z.strictObject({
        room: roomReference,
        state: z.enum(['member', 'pending', 'invited', 'banned']).optional(),
        after: z.string().max(64).optional().meta({ description: 'The `next` of the page before' }),
        limit: limit.optional(),
      }),
      output: z.strictObject({ members: z.array(member), next: z.string().nullable() }),
      refusals: [...roomRefusals, 'forbidden'],
      handle: (caller, input) =>
        core.listMembers(caller, {
          room: input.room,
          state: input.state ?? 'member',
          after: input.after ?? '',
          limit: input.limit ?? 100,
        }),
      present: ({ members, next }) => ({ members: members.map(presentMember), next }),
    }),
    endpoint({
      path: '/list_users',
      group,
      summary: 'Every user, by name',
      login: true,
      changes: false,
      input: z.strictObject({
        online: z.boolean().optional(),
        after: z.string().max(200).optional().meta({ description: 'A name: those that come after it' }),
        limit: limit.optional(),
      }),
      output: z.strictObject({ users: z.array(otherUser), next: z.string().nullable() }),
      refusals: [],
      handle: (caller, input) =>
        core.listUsers(caller, {
          online: input.online ?? null,
          after: input.after ?? '',
          limit: input.limit ?? 100,
        }),
      present: (result) => result,
    }),
    moderation('/invite_member', 'Invites a user, or lets one in who has asked', {}, () => ({
      kind: 'invite',
    })),
    moderation('/approve_member', 'Lets a user in who has asked', {}, () => ({ kind: 'approve' })),
    moderation('/refuse_member', 'Refuses a user who has asked', optionalReason, (input) => ({
      kind: 'refuse',
      reason: input.reason ?? null,
    })),
    moderation('/remove_member', 'Removes a member', optionalReason, (input) => ({
      kind: 'remove',
      reason: input.reason ?? null,
    })),
    moderation(
      '/ban_member',
      'Keeps a user out of the room',
      { ...optionalReason, until: z.iso.datetime().optional().meta({ description: 'When it ends' }) },
      (input) => ({
        kind: 'ban',
        reason: input.reason ?? null,
        until: input.until === undefined ? null : Date.parse(input.until),
      }),
    ),
    moderation('/unban_member', 'Lets a user come back', {}, () => ({ kind: 'unban' })),
    moderation(
      '/set_role',
      'Names a member moderator or member, or hands the room over',
      { role: z.enum(['owner', 'moderator', 'member']) },
      (input) => ({ kind: 'set_role', role: input.role }),
    ),
  ];
}
