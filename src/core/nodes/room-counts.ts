import type { SharedPresence } from './shared-presence.ts';

export interface RoomCountsOptions {
  readonly shared: SharedPresence;
  /** Rooms followed here with how many listen, but direct ones: of two people one knows who they are. */
  readonly listening: () => Iterable<readonly [roomId: string, online: number]>;
  /** Tells the nodes that follow the room how many listen here. */
  readonly tell: (roomId: string, online: number) => void;
}

/** Rooms whose counts are written, or read, with one beat at most. */
const roomsAtOnce = 5_000;
/** Every count is written again after so many beats, so that it does not run out. */
const beatsOfRound = 100;

/** How many listen to each room on the other nodes: written and told with each beat where it has changed. */
export class RoomCounts {
  private readonly options: RoomCountsOptions;
  private readonly told = new Map<string, number>();
  private readonly others = new Map<string, Map<string, number>>();
  private readonly unread = new Set<string>();
  private live: ReadonlySet<string> | null = null;
  private beats = 0;

  constructor(options: RoomCountsOptions) {
    this.options = options;
  }

  opened(roomId: string): void {
    this.unread.add(roomId);
  }

  closed(roomId: string): void {
    this.unread.delete(roomId);
    this.others.delete(roomId);
  }

  /** How many listen on other nodes. */
  elsewhere(roomId: string): number {
    let online = 0;
    for (const [node, count] of this.others.get(roomId) ?? []) {
      if (this.live?.has(node) !== false) online += count;
    }
    return online;
  }

  /** Another node has told how many listen there. */
  heard(roomId: string, node: string, online: number): void {
    let ofRoom = this.others.get(roomId);
    if (ofRoom === undefined) this.others.set(roomId, (ofRoom = new Map()));
    if (online === 0) ofRoom.delete(node);
    else ofRoom.set(node, online);
  }

  /** @param live nodes that live, this one but for its id among them */
  async beat(live: ReadonlySet<string>, ownId: string): Promise<void> {
    this.live = live;
    this.beats += 1;
    await this.write();
    const unread = [...this.unread].slice(0, roomsAtOnce);
    if (unread.length === 0) return;
    const counts = await this.options.shared.counts(unread);
    for (const roomId of unread) {
      if (!this.unread.delete(roomId)) continue;
      for (const [node, online] of counts.get(roomId) ?? []) {
        if (node !== ownId) this.heard(roomId, node, online);
      }
    }
  }

  /** Writes every count again: what was written is gone. */
  forgetWritten(): void {
    this.told.clear();
  }

  private async write(): Promise<void> {
    const { shared, listening, tell } = this.options;
    const changes = new Map<string, number>();
    const followed = new Set<string>();
    let place = 0;
    for (const [roomId, online] of listening()) {
      followed.add(roomId);
      const isDue = place++ % beatsOfRound === this.beats % beatsOfRound;
      const isNew = this.told.get(roomId) !== online;
      if ((isNew || isDue) && changes.size < roomsAtOnce) changes.set(roomId, online);
    }
    for (const roomId of this.told.keys()) {
      if (!followed.has(roomId) && changes.size < roomsAtOnce) changes.set(roomId, 0);
    }
    if (changes.size === 0) return;
    await shared.setCounts(changes);
    for (const [roomId, online] of changes) {
      if (this.told.get(roomId) !== online) tell(roomId, online);
      if (online === 0) this.told.delete(roomId);
      else this.told.set(roomId, online);
    }
  }
}
