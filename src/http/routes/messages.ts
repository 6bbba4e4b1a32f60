import { z } from 'zod';
import type { planEvents } from '../../core/live/open-events.ts';
import type { listMessages } from '../../core/rooms/history.ts';
import type { markRead, reviseMessage, sendMessage, setTyping } from '../../core/rooms/message-operations.ts';
import { nameOfOther } from '../../core/live/events.ts';
import { type AnyEndpoint, endpoint } from '../endpoint.ts';
import { id, liveEvent, message, nothing, position, roomReference, text, time, username } from '../fields.ts';
import { messageId, presentMessage, presentTime } from '../present.ts';
import { roomRefusals } from './rooms.ts';

export interface MessageOperations {
  readonly sendMessage: ReturnType<typeof sendMessage>;
  readonly reviseMessage: ReturnType<typeof reviseMessage>;
  readonly markRead: ReturnType<typeof markRead>;
  readonly setTyping: ReturnType<typeof setTyping>;
  readonly listMessages: ReturnType<typeof listMessages>;
  readonly planEvents: ReturnType<typeof planEvents>;
}

const group = 'Messages';
const sent = z.strictObject({ id, room: id, seq: z.number(), at: time });
const revised = sent.extend({ revision: z.number() });

export function messageEndpoints(core: MessageOperations): AnyEndpoint[] {
  return [
    endpoint({
      path: '/send_message',
      group,
      summary: 'Sends a message to a room, or to one user',
      login: true,
      changes: true,
      input: z
        .strictObject({ to: username.optional(), room: roomReference.optional(), message: text })
        .refine((input) => (input.to === undefined) !== (input.room === undefined), {
          path: ['to'],
          message: 'either to or room',
        }),
      output: sent,
      refusals: [...roomRefusals, 'user_unknown'],
      handle: (caller, input) =>
        core.sendMessage(
          caller,
          input.room === undefined ? { to: input.to ?? '' } : { room: input.room },
          input.message,
        ),
      present: ({ roomId, seq, sentAt }) => ({
        id: messageId({ roomId, seq }),
        room: roomId,
        seq,
        at: presentTime(sentAt),
      }),
    }),
    endpoint({
      path: '/edit_message',
      group,
      summary: 'Puts another text in the place of one, by its sender or a moderator',
      login: true,
      changes: true,
      input: z.strictObject({ room: roomReference, seq: position, message: text }),
      output: revised,
      refusals: [...roomRefusals, 'message_unknown', 'forbidden'],
      handle: (caller, input) =>
        core.reviseMessage(caller, { room: input.room, seq: input.seq, text: input.message }),
      present: presentRevised,
    }),
    endpoint({
      path: '/delete_message',
      group,
      summary: 'Deletes a text for good; its number stays',
      login: true,
      changes: true,
      input: z.strictObject({ room: roomReference, seq: position }),
      output: revised,
      refusals: [...roomRefusals, 'message_unknown', 'forbidden'],
      handle: (caller, input) => core.reviseMessage(caller, { room: input.room, seq: input.seq, text: null }),
      present: presentRevised,
    }),
    endpoint({
      path: '/list_messages',
      group,
      summary: 'A page of messages: after a number, before one, or the newest',
      login: true,
      changes: false,
      input: z
        .strictObject({
          room: roomReference.optional(),
          with: username.optional(),
          after_seq: z.number().optional(),
          before_seq: z.number().optional(),
          after_revision: z.number().optional().meta({
            description: 'Instead: messages edited or deleted since `last_revision` stood here',
          }),
          limit: z
            .number()
            .optional()
            .meta({ description: '1 to 200, 50 when left out; others are clamped' }),
        })
        .refine((input) => (input.with === undefined) !== (input.room === undefined), {
          path: ['room'],
          message: 'either room or with',
        }),
      output: z.strictObject({ messages: z.array(message), has_more: z.boolean() }),
      refusals: [...roomRefusals, 'user_unknown'],
      handle: async (caller, input) => {
        const page = await core.listMessages(caller, {
          place: input.room === undefined ? { with: input.with ?? '' } : { room: input.room },
          afterSeq: clamped(input.after_seq),
          beforeSeq: clamped(input.before_seq),
          afterRevision: clamped(input.after_revision),
          limit: clamped(input.limit) ?? 50,
        });
        return { ...page, reader: caller.userId ?? '' };
      },
      present: ({ messages, hasMore, reader }) => ({
        messages: messages.map((each) => presentMessage(each, nameOfOther(each.pair, reader))),
        has_more: hasMore,
      }),
    }),
    endpoint({
      path: '/mark_read',
      group,
      summary: 'Remembers how far the user has read',
      login: true,
      changes: true,
      input: z.strictObject({ room: roomReference, seq: position }),
      output: nothing,
      refusals: roomRefusals,
      handle: (caller, input) => core.markRead(caller, input),
      present: () => ({}),
    }),
    endpoint({
      path: '/set_typing',
      group,
      summary: 'Tells the room that the user types, for the next six seconds',
      login: true,
      changes: false,
      input: z.strictObject({ room: roomReference, typing: z.boolean() }),
      output: nothing,
      refusals: roomRefusals,
      handle: (caller, input) => core.setTyping(caller, input),
      present: () => ({}),
    }),
    endpoint({
      path: '/events',
      group,
      summary: 'A stream of sealed events (`text/event-stream`)',
      login: true,
      changes: false,
      streams: true,
      input: z.strictObject({
        rooms: z.array(roomReference).max(1000).optional().meta({ description: 'Only these rooms' }),
      }),
      output: liveEvent,
      refusals: roomRefusals,
      handle: (caller, input) => core.planEvents(caller, input.rooms ?? null),
      present: () => ({}),
    }),
  ];
}

function presentRevised(revision: { roomId: string; seq: number; sentAt: number; revision: number }) {
  const { roomId, seq, sentAt } = revision;
  return { id: messageId(revision), room: roomId, seq, at: presentTime(sentAt), revision: revision.revision };
}

/** A whole number that a query can be made of, as near as there is one. */
function clamped(value: number | undefined): number | null {
  if (value === undefined) return null;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.trunc(value)));
}
