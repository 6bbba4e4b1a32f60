import type { Clock } from '../../core/clock.ts';
import {
  type Beat,
  type SharedPresence,
  nodeLifeMilliseconds,
  returnMilliseconds,
} from '../../core/nodes/shared-presence.ts';
import type { Redis } from './redis.ts';
import * as scripts from './presence-scripts.ts';
import type { RedisScript } from './script.ts';

/** Parts that users are spread over: a cluster puts them on different servers. */
const parts = 16;
/** Users that one command puts back. */
const usersAtOnce = 1_000;
/** For how long a count holds that is not written again: twice as long as it takes to write all of them. */
const countMilliseconds = 600_000;

/** Presence in Redis: a beat of a node costs one script for each part, a user who comes or goes one more. */
export class RedisPresence implements SharedPresence {
  private readonly connection: Redis;
  private readonly nodeId: string;
  private readonly clock: Clock;
  /** Users of this node, by part. */
  private readonly own: readonly Set<string>[] = Array.from({ length: parts }, () => new Set<string>());
  private readonly life: number;
  private readonly returnTime: number;
  private live: ReadonlySet<string> = new Set();

  /** @param options milliseconds in the place of `nodeLifeMilliseconds` and `returnMilliseconds` */
  constructor(
    connection: Redis,
    nodeId: string,
    clock: Clock,
    options: { life?: number; returnTime?: number } = {},
  ) {
    this.connection = connection;
    this.nodeId = nodeId;
    this.clock = clock;
    this.life = options.life ?? nodeLifeMilliseconds;
    this.returnTime = options.returnTime ?? returnMilliseconds;
  }

  async enter(userId: string): Promise<boolean> {
    const part = partOf(userId);
    this.own[part]?.add(userId);
    return (await this.run(scripts.enterScript, part, [userId])) === 1;
  }

  async leave(userId: string): Promise<boolean> {
    const part = partOf(userId);
    this.own[part]?.delete(userId);
    return (await this.run(scripts.leaveScript, part, [userId])) === 1;
  }

  async beat(): Promise<Beat> {
    const beats = await this.ofEachPart((part) => this.beatPart(part));
    // Of each part there is a list of its own: who lives anywhere, lives.
    const live = new Set(beats.flatMap((beat) => beat.live));
    this.live = live;
    return { live, departed: beats.flatMap(({ departed }) => departed) };
  }

  async withdraw(): Promise<void> {
    await this.ofEachPart((part) => this.run(scripts.withdrawScript, part, []));
  }

  async onlineAmong(userIds: readonly string[]): Promise<Set<string>> {
    const byPart = new Map<number, string[]>();
    for (const userId of userIds) {
      const part = partOf(userId);
      const some = byPart.get(part);
      if (some === undefined) byPart.set(part, [userId]);
      else some.push(userId);
    }
    const asked = [...byPart].map(async ([part, some]) =>
      strings(await this.run(scripts.amongScript, part, some)),
    );
    return new Set((await Promise.all(asked)).flat());
  }

  async some(limit: number): Promise<string[]> {
    if (limit <= 0) return [];
    // Parts are about equally large; a few more, so that nobody is left out where there is room for all.
    const ofPart = String(Math.ceil((limit / parts) * 1.25) + 50);
    const found = await this.ofEachPart(async (part) =>
      strings(await this.run(scripts.someScript, part, [ofPart])),
    );
    return [...new Set(found.flat())].slice(0, limit);
  }

  async total(): Promise<number> {
    const totals = await this.ofEachPart(async (part) =>
      Number(await this.run(scripts.totalScript, part, [])),
    );
    return totals.reduce((all, some) => all + some, 0);
  }

  async setCounts(counts: ReadonlyMap<string, number>): Promise<void> {
    const until = this.clock.now() + countMilliseconds;
    const written: Promise<unknown>[] = [];
    for (const [roomId, online] of counts) {
      const key = this.countKey(roomId);
      if (online === 0) {
        written.push(this.connection.command(['HDEL', key, this.nodeId]));
      } else {
        written.push(this.connection.command(['HSET', key, this.nodeId, `${online} ${until}`]));
        written.push(this.connection.command(['PEXPIRE', key, String(countMilliseconds)]));
      }
    }
    await Promise.all(written);
  }

  async counts(roomIds: readonly string[]): Promise<Map<string, Map<string, number>>> {
    const asked = roomIds.map(async (roomId) => {
      const fields = strings(await this.connection.command(['HGETALL', this.countKey(roomId)]));
      return [roomId, this.readCounts(roomId, fields)] as const;
    });
    return new Map(await Promise.all(asked));
  }

  private async beatPart(part: number): Promise<{ live: string[]; departed: string[] }> {
    const own = this.own[part] ?? new Set<string>();
    const expected = own.size;
    const answer = await this.run(scripts.beatScript, part, [String(this.life), String(this.returnTime)]);
    const [live, departed, known] = answer as [unknown, unknown, unknown];
    if (Number(known) !== expected) await this.putBack(part, [...own]);
    return { live: strings(live), departed: strings(departed) };
  }

  private async putBack(part: number, users: readonly string[]): Promise<void> {
    const pages: (readonly string[])[] = [users.slice(0, usersAtOnce)];
    for (let at = usersAtOnce; at < users.length; at += usersAtOnce) {
      pages.push(users.slice(at, at + usersAtOnce));
    }
    await Promise.all(
      pages.map((page, at) => this.run(scripts.putScript, part, [at === 0 ? '1' : '0', ...page])),
    );
  }

  private readCounts(roomId: string, fields: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [node = '', value = ''] = fields.slice(at, at + 2);
      const [online = 0, until = 0] = value.split(' ').map(Number);
      if (until < this.clock.now()) {
        // Of a node that died. What it would have written since would hold longer.
        this.connection.command(['HDEL', this.countKey(roomId), node]).catch(() => {});
      } else if (this.live.has(node)) {
        counts.set(node, online);
      }
    }
    return counts;
  }

  private async run(script: RedisScript, part: number, args: readonly string[]): Promise<unknown> {
    const tag = `presence:${part}`;
    const [before = '', after = ''] = this.connection.key('online:*', tag).split('*');
    return this.connection.run(
      script,
      [this.connection.key('nodes', tag)],
      [this.nodeId, before, after, ...args],
    );
  }

  private ofEachPart<Result>(ask: (part: number) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.own.map((_, part) => ask(part)));
  }

  private countKey(roomId: string): string {
    return this.connection.key('count', `room:${roomId}`);
  }
}

/** The part that a user is in: FNV-1a, because it is short and spreads well. */
function partOf(userId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < userId.length; at++) hash = Math.imul(hash ^ userId.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % parts;
}

/** An answer that is a list of texts; a map is one of names and values in turn. */
function strings(answer: unknown): string[] {
  if (Array.isArray(answer)) return answer.map(String);
  if (answer instanceof Map) return [...answer].flat().map(String);
  return typeof answer === 'object' && answer !== null ? Object.entries(answer).flat().map(String) : [];
}
