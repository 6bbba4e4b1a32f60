import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GatewayParts } from '../gateway-parts.ts';
import { maxDataBytes } from './codec.ts';

/** A registered name, and how JSON writes it. */
export interface DirectoryName {
  readonly id: string;
  readonly json: string;
}

/** Who is told when the list has changed. */
export interface DirectoryReader {
  /** Never throws, never waits. */
  directoryChanged(): void;
}

/** Names that are held, at most: the shortest, with their quotes and commas, would fill a frame. */
const maxNames = Math.ceil(maxDataBytes / 4);
/** Between two readings of the names, at least. */
const leastPause = 250;
/** What the lists that go out after a change may come to in a second. */
const bytesPerSecond = 50_000_000;
/** Readers told in one turn of the event loop. */
const readersAtOnce = 100;

/** The registered names, read anew when they change, and told to all who show them. */
export class Directory {
  private readonly parts: Pick<GatewayParts, 'core' | 'read' | 'clock' | 'timers' | 'logger'>;
  private readonly readers = new Set<DirectoryReader>();
  private readonly unwatch: () => void;
  private loading: Promise<void> | null = null;
  private isCurrent = false;
  private quietUntil = 0;
  private cancel: (() => void) | null = null;
  private held: readonly DirectoryName[] = [];
  private keys: ReadonlySet<string> = new Set();
  private joinedNames = Buffer.alloc(0);
  private places: ReadonlyMap<string, readonly [number, number]> = new Map();
  /** Goes up with every reading. */
  version = 0;

  constructor(parts: Pick<GatewayParts, 'core' | 'read' | 'clock' | 'timers' | 'logger'>) {
    this.parts = parts;
    this.unwatch = parts.core.nameChanges.watch(() => this.changed());
  }

  /** Registered names in order: all of them where that is fewer than fit into a frame in any case. */
  get names(): readonly DirectoryName[] {
    return this.held;
  }

  /** All names as JSON with a comma after each, but the one of the user named. */
  namesBut(userId: string): Buffer[] {
    const [from, to] = this.places.get(userId) ?? [0, 0];
    return [this.joinedNames.subarray(0, from), this.joinedNames.subarray(to)];
  }

  /** Whether a folded name is somebody's. */
  async hasName(usernameKey: string): Promise<boolean> {
    if (this.keys.has(usernameKey) || this.held.length < maxNames) return this.keys.has(usernameKey);
    return (await this.parts.read.users.byUsernameKey(usernameKey)) !== null;
  }

  /** Fulfilled when the names are as they are now. */
  async ready(): Promise<void> {
    while (!this.isCurrent) await (this.loading ??= this.load().finally(() => (this.loading = null)));
  }

  join(reader: DirectoryReader): void {
    this.readers.add(reader);
  }

  leave(reader: DirectoryReader): void {
    this.readers.delete(reader);
  }

  stop(): void {
    this.unwatch();
    this.cancel?.();
    this.readers.clear();
  }

  private changed(): void {
    this.isCurrent = false;
    if (this.cancel !== null || this.readers.size === 0) return;
    const pause = Math.min(60_000, Math.max(0, this.quietUntil - this.parts.clock.now()));
    if (pause > 0) {
      this.cancel = this.parts.timers.setTimeout(() => void this.tell(), pause);
    } else {
      this.cancel = () => {};
      queueMicrotask(() => void this.tell());
    }
  }

  private async tell(): Promise<void> {
    this.cancel = null;
    try {
      await this.ready();
    } catch (error) {
      this.parts.logger.error('the names could not be read', { error });
      return;
    }
    const bytes = Math.min(maxDataBytes, this.joinedNames.length) * this.readers.size;
    this.quietUntil = this.parts.clock.now() + Math.max(leastPause, (bytes * 1000) / bytesPerSecond);
    let told = 0;
    for (const reader of [...this.readers]) {
      reader.directoryChanged();
      if (++told % readersAtOnce === 0) await nextTurn();
    }
  }

  private async load(): Promise<void> {
    this.isCurrent = true;
    try {
      const rows = await this.parts.read.users.registered(maxNames);
      this.held = rows.map(({ id, username }) => ({ id, json: JSON.stringify(username) }));
      this.keys = new Set(rows.map(({ usernameKey }) => usernameKey));
    } catch (error) {
      this.isCurrent = false;
      throw error;
    }
    this.write();
    this.version += 1;
  }

  private write(): void {
    const pieces: Buffer[] = [];
    const places = new Map<string, readonly [number, number]>();
    let at = 0;
    for (const { id, json } of this.held) {
      const piece = Buffer.from(`${json},`);
      places.set(id, [at, at + piece.length]);
      pieces.push(piece);
      at += piece.length;
    }
    this.joinedNames = Buffer.concat(pieces);
    this.places = places;
  }
}
