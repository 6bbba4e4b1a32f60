import type { Clock, Timers } from '../clock.ts';
import type { EventRoom } from './events.ts';
import { type Hub, largeRoom } from './hub.ts';

/** Who has not said for this long that they type does not type any more. */
const typingMilliseconds = 6_000;
/** Saying so again within this time tells nobody anything new. */
const repeatMilliseconds = 3_000;

/** Tells a room who is typing. Nothing of it is stored. */
export class Typing {
  private readonly dependencies: { hub: Hub; clock: Clock; timers: Timers };
  private readonly typing = new Map<string, { toldAt: number; cancel: () => void }>();

  constructor(dependencies: { hub: Hub; clock: Clock; timers: Timers }) {
    this.dependencies = dependencies;
  }

  /** Says that the user, who is a member, types or does no longer. */
  set(
    user: { id: string; username: string },
    room: EventRoom,
    membersVersion: number,
    typing: boolean,
  ): void {
    const { clock, timers } = this.dependencies;
    const name = `${room.roomId} ${user.id}`;
    const before = this.typing.get(name);
    before?.cancel();
    this.typing.delete(name);
    if (!typing) {
      if (before !== undefined || this.dependencies.hub.mayTypeElsewhere)
        this.tell(user.username, room, membersVersion, false);
      return;
    }
    const now = clock.now();
    const isRepeat = before !== undefined && now - before.toldAt < repeatMilliseconds;
    const cancel = timers.setTimeout(() => {
      this.typing.delete(name);
      this.tell(user.username, room, membersVersion, false);
    }, typingMilliseconds);
    this.typing.set(name, { toldAt: isRepeat ? before.toldAt : now, cancel });
    if (!isRepeat) this.tell(user.username, room, membersVersion, true);
  }

  /** A message from them says more than that they were typing. Returns whether they were. */
  ended(userId: string, roomId: string): boolean {
    const name = `${roomId} ${userId}`;
    this.typing.get(name)?.cancel();
    return this.typing.delete(name);
  }

  /** Cancels what waits. */
  stop(): void {
    for (const { cancel } of this.typing.values()) cancel();
    this.typing.clear();
  }

  private tell(username: string, room: EventRoom, membersVersion: number, typing: boolean): void {
    const { hub, clock } = this.dependencies;
    if ((hub.feedOf(room.roomId)?.members ?? 0) > largeRoom) return;
    const { roomId, roomName, pair } = room;
    hub.toRoom({ kind: 'typing', at: clock.now(), roomId, roomName, pair, username, typing }, membersVersion);
  }
}
