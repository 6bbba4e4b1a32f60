import type { Timers } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { NamedMessage, RoomPosition, RoomRow } from '../room-store.ts';
import type { DataKeys } from '../rooms/data-keys.ts';
import { viewOf } from '../rooms/history.ts';
import { pairOf } from '../rooms/pair.ts';
import type { Reader } from '../store.ts';
import { RoomSequence, type ToldMessage } from './room-sequence.ts';

export interface RoomCatchUpOptions {
  readonly read: Reader;
  readonly dataKeys: DataKeys;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Tells who listens here. */
  readonly tell: (told: ToldMessage) => void;
}

/** What is missing may be on its way: it is waited for this long before it is read. */
const patienceMilliseconds = 60;
/** Until it is tried again when it could not be read. */
const retryMilliseconds = 500;
/** Messages read at once. */
const pageLength = 100;
/** A message that does not open this often is left out, so that those after it are told. */
const maxFailures = 4;

interface Followed {
  readonly sequence: RoomSequence;
  cancel: (() => void) | null;
  filling: boolean;
  failures: number;
}

/**
 * Sees to it that who listens here is told every message of the rooms followed, in order and once, whatever became of the
 * notices: what is missing is read from the store.
 */
export class RoomCatchUp {
  private readonly options: RoomCatchUpOptions;
  private readonly rooms = new Map<string, Followed>();

  constructor(options: RoomCatchUpOptions) {
    this.options = options;
  }

  /** Follows the room from how far it had come. */
  open(roomId: string, start: Pick<RoomRow, 'lastSeq' | 'lastRevision'>): void {
    this.rooms.set(roomId, {
      sequence: new RoomSequence(start),
      cancel: null,
      filling: false,
      failures: 0,
    });
  }

  close(roomId: string): void {
    this.rooms.get(roomId)?.cancel?.();
    this.rooms.delete(roomId);
  }

  /** Takes an event in, from here or from another node; tells what is to be told now. */
  take(told: ToldMessage): void {
    const room = this.rooms.get(told.event.roomId);
    if (room === undefined) return;
    for (const next of room.sequence.take(told)) this.options.tell(next);
    this.lookAfter(told.event.roomId, room);
  }

  /** Compares with how far the store says that the room has come. */
  compare(position: RoomPosition): void {
    const room = this.rooms.get(position.id);
    if (room === undefined) return;
    room.sequence.reached(position);
    this.lookAfter(position.id, room);
  }

  /** Looks soon whether something was said before the room was followed: of one that has just come to be. */
  verify(roomId: string): void {
    const room = this.rooms.get(roomId);
    if (room === undefined || room.cancel !== null) return;
    room.cancel = this.options.timers.setTimeout(() => {
      room.cancel = null;
      void this.readPosition(roomId, room);
    }, patienceMilliseconds);
  }

  stop(): void {
    for (const roomId of [...this.rooms.keys()]) this.close(roomId);
  }

  private async readPosition(roomId: string, room: Followed): Promise<void> {
    try {
      const [position] = await this.options.read.rooms.positions([roomId]);
      if (position !== undefined) room.sequence.reached(position);
      if (this.rooms.get(roomId) === room) this.lookAfter(roomId, room, 0);
    } catch (error) {
      this.options.logger.warn('it was not seen whether a room has come further', { room: roomId, error });
    }
  }

  private lookAfter(roomId: string, room: Followed, pause = patienceMilliseconds): void {
    if (!room.sequence.isBehind) {
      room.cancel?.();
      room.cancel = null;
      return;
    }
    if (room.filling || room.cancel !== null) return;
    room.cancel = this.options.timers.setTimeout(() => {
      room.cancel = null;
      if (room.sequence.isBehind) void this.fill(roomId, room);
    }, pause);
  }

  private async fill(roomId: string, room: Followed): Promise<void> {
    room.filling = true;
    let pause = patienceMilliseconds;
    try {
      while (this.rooms.get(roomId) === room && room.sequence.isBehind) {
        if (await this.readOn(roomId, room)) continue;
        pause = retryMilliseconds;
        break;
      }
      room.failures = 0;
    } catch (error) {
      room.failures += 1;
      pause = retryMilliseconds;
      this.options.logger.error('what was missed could not be read', { room: roomId, error });
    } finally {
      room.filling = false;
      if (this.rooms.get(roomId) === room) this.lookAfter(roomId, room, pause);
    }
  }

  /** One page of messages, or of edits once there are no more messages. Returns whether there may be more. */
  private async readOn(roomId: string, room: Followed): Promise<boolean> {
    const { read } = this.options;
    const { sequence } = room;
    const before = await read.rooms.byId(roomId);
    if (before === null) return false;
    const { lastSeq, lastRevision } = sequence.position;
    const messages = await read.messages.after(roomId, lastSeq, pageLength);
    const isWhole = messages.length < pageLength;
    const revised = isWhole ? await read.messages.revisedAfter(roomId, lastRevision, 0, pageLength) : [];
    // Read after them: who was removed before any of them was said is known to be.
    const [position] = await read.rooms.positions([roomId]);
    if (position === undefined) return false;
    const open = await this.opener(before, room);
    for (const row of messages) {
      const view = await open(row);
      for (const told of sequence.takeStored(view, position.membersVersion)) this.tell(roomId, room, told);
    }
    for (const row of revised) {
      const view = await open(row);
      const next = sequence.takeStoredRevision(view, position.membersVersion);
      for (const told of next) this.tell(roomId, room, told);
    }
    if (isWhole && revised.length < pageLength) sequence.skipRevisionsTo(before.lastRevision);
    return messages.length > 0 || revised.length > 0;
  }

  private tell(roomId: string, room: Followed, told: ToldMessage): void {
    if (this.rooms.get(roomId) === room) this.options.tell(told);
  }

  private async opener(room: RoomRow, { failures }: Followed) {
    const { read, dataKeys, logger } = this.options;
    const pair = await pairOf(read, room);
    return async (row: NamedMessage) => {
      try {
        return await viewOf(read, dataKeys, room, pair, row);
      } catch (error) {
        if (failures < maxFailures) throw error;
        logger.error('a message does not open and is told without its text', { error });
        const unread = { ...row.message, sealedBody: null, keyVersion: null };
        return viewOf(read, dataKeys, room, pair, { ...row, message: unread });
      }
    };
  }
}
