import type { Clock, Timers } from '../clock.ts';
import type { EventRoom, LiveEvent } from './events.ts';
import { type Hub, largeRoom } from './hub.ts';

/** Who has not said for this long that they type does not type any more. */
const typingMilliseconds = 6_000;
/** Saying so again within this time tells nobody anything new. */
export const repeatMilliseconds = 3_000;

export type TypingEvent = Extract<LiveEvent, { kind: 'typing' }>;

/** Tells a room who is typing. Nothing of it is stored. */
export class Typing {
  private readonly dependencies: { hub: Hub; clock: Clock; timers: Timers };
  private readonly typing = new Map<string, { toldAt: number; cancel: () => void }>();

  constructor(dependencies: { hub: Hub; clock: Clock; timers: Timers }) {
    this.dependencies = dependencies;
  }

  /** Says that the user, who is a member, types or does no longer. */
  set(username: string, room: EventRoom, membersVersion: number, typing: boolean): void {
    const name = nameOf(room.roomId, username);
    const before = this.typing.get(name);
    before?.cancel();
    this.typing.delete(name);
    const event = { kind: 'typing', at: this.dependencies.clock.now(), ...room, username, typing } as const;
    if (!typing) {
      if (before !== undefined || this.dependencies.hub.hasOthers) this.tell(event, membersVersion);
      return;
    }
    const isRepeat = before !== undefined && event.at - before.toldAt < repeatMilliseconds;
    const toldAt = isRepeat ? before.toldAt : event.at;
    const cancel = this.dependencies.timers.setTimeout(() => {
      this.typing.delete(name);
      const at = this.dependencies.clock.now();
      this.tell({ ...event, at, typing: false, toldAt }, membersVersion);
    }, typingMilliseconds);
    this.typing.set(name, { toldAt, cancel });
    if (!isRepeat) this.tell(event, membersVersion);
  }

  /** A message from them says more than that they were typing. Returns whether they were. */
  ended(username: string | null, roomId: string): boolean {
    if (username === null) return false;
    const name = nameOf(roomId, username);
    this.typing.get(name)?.cancel();
    return this.typing.delete(name);
  }

  /** Cancels what waits. */
  stop(): void {
    for (const { cancel } of this.typing.values()) cancel();
    this.typing.clear();
  }

  private tell(event: TypingEvent, membersVersion: number): void {
    const { hub } = this.dependencies;
    if ((hub.feedOf(event.roomId)?.members ?? 0) <= largeRoom) hub.toRoom(event, membersVersion);
  }
}

function nameOf(roomId: string, username: string): string {
  return `${roomId} ${username}`;
}
