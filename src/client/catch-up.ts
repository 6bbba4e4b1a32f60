import { LetterlockError } from './errors.ts';
import type { Message, MessagePage, MessageQuery, Position, Room, ServerEvent } from './messaging-types.ts';
import { RoomProgress } from './room-progress.ts';

export interface CatchUpOptions {
  /** Asks for history. */
  readonly list: (query: MessageQuery) => Promise<MessagePage>;
  /** Where the caller wants to go on, by room id. */
  readonly since: Readonly<Record<string, number | Position>>;
  readonly isWanted: (room: Room) => boolean;
}

/** Most messages the server gives at once. */
const pageLength = 200;

/** What tells that a room is not the user's to read (any more). */
const notTheirs: ReadonlySet<string> = new Set([
  'not_a_member',
  'membership_pending',
  'removed_from_room',
  'banned_from_room',
  'room_unknown',
]);

/** Hands out the messages of all rooms and the edits of them, each once and in order, from history where one is missing. */
export class CatchUp {
  private readonly options: CatchUpOptions;
  private readonly rooms = new Map<string, RoomProgress>();
  private isFirst = true;

  constructor(options: CatchUpOptions) {
    this.options = options;
  }

  /** What was missed until a stream was open. @param rooms as they were asked for after that */
  async *afterOpening(rooms: readonly Room[]): AsyncGenerator<ServerEvent> {
    const missed: (() => AsyncGenerator<ServerEvent>)[] = [];
    for (const room of rooms) {
      const here: Position = { seq: room.last_seq, revision: room.last_revision };
      const known = this.rooms.get(room.id) ?? this.begin(room.id, here);
      known.rewindTo(here);
      if (room.state !== 'member') {
        // Of what is said there, nothing so far will ever be theirs.
        this.rooms.set(room.id, new RoomProgress(here));
      } else if (this.options.isWanted(room)) {
        missed.push(() => this.fill(room.id, known, here));
      }
    }
    this.isFirst = false;
    for (const fill of missed) yield* fill();
  }

  /** A message from the stream, after whatever is missing before it. */
  async *take(message: Message): AsyncGenerator<ServerEvent> {
    // A room that was not there before: everything in it is new.
    const progress = this.rooms.get(message.room) ?? this.begin(message.room, { seq: 0, revision: 0 });
    if (progress.isBeyondHole(message)) yield* this.fillMessages(message.room, progress);
    if (progress.take(message)) yield { kind: 'message', ...message };
    if (progress.isBeyondUnknownEdits(message)) yield* this.fillEdits(message.room, progress);
    if (progress.takeEdit(message)) yield { kind: 'message', ...message };
  }

  private begin(room: string, here: Position): RoomProgress {
    const since = this.options.since[room];
    const asked = typeof since === 'number' ? { seq: since, revision: here.revision } : since;
    const progress = new RoomProgress(asked ?? (this.isFirst ? here : { seq: 0, revision: 0 }));
    this.rooms.set(room, progress);
    return progress;
  }

  private async *fill(room: string, progress: RoomProgress, until: Position): AsyncGenerator<ServerEvent> {
    if (until.revision > progress.revision) {
      yield* this.fillEdits(room, progress);
      // Edits of what the user never saw are in the room's count, but not in the history.
      progress.skipEditsTo(until.revision);
    }
    if (until.seq > progress.seq) yield* this.fillMessages(room, progress);
  }

  private async *fillMessages(room: string, progress: RoomProgress): AsyncGenerator<ServerEvent> {
    for (;;) {
      const before = progress.seq;
      const page = await this.page({ room, afterSeq: before, limit: pageLength });
      for (const message of page.messages) {
        if (progress.take(message)) yield { kind: 'message', ...message };
      }
      if (!page.has_more || progress.seq === before) return;
    }
  }

  private async *fillEdits(room: string, progress: RoomProgress): AsyncGenerator<ServerEvent> {
    for (;;) {
      const before = progress.revision;
      const page = await this.page({ room, afterRevision: before, limit: pageLength });
      for (const message of page.messages) {
        if (progress.takeEdit(message)) yield { kind: 'message', ...message };
      }
      if (!page.has_more) return;
      // A page of edits, none of which this user may see: no two edits have the same number.
      if (progress.revision === before) progress.skipEditsTo(before + pageLength);
    }
  }

  private async page(query: MessageQuery): Promise<MessagePage> {
    try {
      return await this.options.list(query);
    } catch (error) {
      if (error instanceof LetterlockError && notTheirs.has(error.code)) {
        return { messages: [], has_more: false };
      }
      throw error;
    }
  }
}
