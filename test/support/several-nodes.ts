import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { noDirectory } from '../../src/core/accounts/directory.ts';
import type { Caller } from '../../src/core/caller.ts';
import { BoundedQueue } from '../../src/core/bounded-queue.ts';
import { type Core, createCore } from '../../src/core/core.ts';
import { noGuessBlocks } from '../../src/core/limits/guess-blocks.ts';
import { unlimited } from '../../src/core/limits/limits.ts';
import type { Connection, EndReason } from '../../src/core/live/connection.ts';
import type { LiveEvent } from '../../src/core/live/events.ts';
import type { NodeParts } from '../../src/core/nodes/nodes.ts';
import { newId } from '../../src/core/random.ts';
import { prepareMessaging } from '../../src/core/rooms/first-start.ts';
import type { Reader, Role } from '../../src/core/store.ts';
import type { Transactions } from '../../src/core/transactions.ts';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import { createIdentityPem, readIdentity } from '../../src/crypto/identity.ts';
import { pooledRandomBytes } from '../../src/crypto/random-pool.ts';
import { FanOutBus } from '../../src/shared-state/memory/fan-out-bus.ts';
import { PresenceBoard } from '../../src/shared-state/memory/presence-board.ts';
import { type SqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { ManualClock } from './manual-clock.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
const quiet = { writesDebug: false, debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** Several cores over one store, with a clock that is moved. */
export interface SeveralNodes {
  readonly clock: ManualClock;
  readonly store: SqliteStore<Transactions>;
  readonly bus: FanOutBus;
  readonly board: PresenceBoard;
  readonly keys: ReturnType<typeof createAtRestKeys>;
  /** One more node. @param parts in the place of what it would share by itself */
  node(parts?: Partial<NodeParts>): Promise<TestNode>;
  /** A node that is the only one. */
  alone(): Core;
  /** Makes an account; its id. */
  user(name: string, role?: Role): Promise<string>;
  /** Lets time pass, and what happens by then come to its end. */
  pass(milliseconds: number): Promise<void>;
  end(): Promise<void>;
}

export interface TestNode {
  readonly id: string;
  readonly core: Core;
  /** Somebody's connection to this node. */
  connect(userId: string, username: string, way?: string): Promise<Listening>;
  /** Ends without a word, as if killed. */
  die(): void;
}

/** A connection, what it was told, and how it ended. */
export interface Listening extends Connection<LiveEvent> {
  readonly events: LiveEvent[];
  readonly ended: EndReason[];
  /** Texts of messages of the room, in the order in which they came. */
  texts(roomId: string): (string | null)[];
}

export function callerOf(userId: string): Caller {
  return { userId, address: '192.0.2.1', sessionId: null, client: 'test', claim: null };
}

/** @param fate what becomes of what nodes tell each other */
export async function severalNodes(bus = new FanOutBus()): Promise<SeveralNodes> {
  const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-nodes-'));
  const clock = new ManualClock();
  const masterKey = Buffer.alloc(32, 9);
  const keys = createAtRestKeys(masterKey);
  const store = await openSqliteStore<Transactions>({
    path: path.join(folder, 'letterlock.db'),
    migrationsFolder: path.join(root, 'drizzle'),
    transactions: {
      module: new URL('../../src/core/transactions.js', import.meta.url),
      environment: { masterKey },
    },
  });
  await prepareMessaging({ store, clock, random: pooledRandomBytes });
  const identity = readIdentity(createIdentityPem());
  const board = new PresenceBoard(clock);
  const dead = new Set<object>();
  const running: Core[] = [];
  /** A core whose timers stop when it dies. */
  const make = (nodes: Omit<NodeParts, 'timers'> | null): { core: Core; mark: object } => {
    const mark = {};
    const timers = {
      setTimeout: (callback: () => void, milliseconds: number) =>
        clock.setTimeout(() => {
          if (!dead.has(mark)) callback();
        }, milliseconds),
    };
    const core = createCore({
      store,
      atRest: keys,
      identity,
      passwords: {
        store: async () => ({ salt: Buffer.alloc(32), verifier: 'verifier' }),
        check: async () => true,
      },
      directory: noDirectory,
      generateKeyPair: () => new Promise(() => {}),
      decryptions: new BoundedQueue({ concurrency: 1, waiting: 1 }),
      rateLimiter: unlimited,
      guessBlocks: noGuessBlocks,
      sharedSessions: null,
      limitAddresses: false,
      wakeMail: () => {},
      clock,
      timers,
      random: pooledRandomBytes,
      logger: quiet,
      idle: 3_600_000,
      ...(nodes === null ? {} : { nodes: { ...nodes, timers } }),
    });
    return { core, mark };
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 12; turn++) await nextTurn();
  };
  const several: SeveralNodes = {
    clock,
    store,
    bus,
    board,
    keys,
    node: async (parts = {}) => {
      const id = parts.id ?? newId(pooledRandomBytes);
      const fanOut = parts.fanOut ?? bus.join();
      const { core, mark } = make({
        id,
        fanOut,
        presence: board.presenceOf(id),
        leases: board.leasesOf(id),
        random: () => 0.5,
        ...parts,
      });
      running.push(core);
      await core.moderation.load();
      await core.nodes?.start();
      return {
        id,
        core,
        connect: async (userId, username, way = 'test') => {
          const listening = connection(core, userId, way);
          await core.hub.attach(listening, username);
          return listening;
        },
        die: () => {
          dead.add(mark);
          bus.leave(fanOut);
        },
      };
    },
    alone: () => make(null).core,
    user: async (name, role = 'user') => {
      const id = newId(pooledRandomBytes);
      await store.transact('registerUser', {
        now: clock.now(),
        claim: null,
        user: {
          id,
          username: name,
          usernameKey: name.toLowerCase(),
          email: null,
          emailKey: null,
          role,
          passwordSalt: Buffer.alloc(32),
          passwordVerifier: 'verifier',
          createdAt: clock.now(),
          deletedAt: null,
          directoryUid: null,
        },
        userKey: null,
        place: null,
      });
      return id;
    },
    pass: async (milliseconds) => {
      await settle();
      for (let left = milliseconds; left > 0; left -= 50) {
        clock.advance(Math.min(50, left));
        await settle();
      }
    },
    end: async () => {
      for (const core of running) core.hub.stop({ kind: 'shutdown', at: 0, reason: '' });
      for (const core of running) await core.nodes?.stop();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return several;
}

const plainForm = { encode: (event: LiveEvent): LiveEvent => event };

function connection(core: Core, userId: string, way: string): Listening {
  const events: LiveEvent[] = [];
  const ended: EndReason[] = [];
  const listening: Listening = {
    ...callerOf(userId),
    userId,
    sessionKeyId: null,
    way,
    form: plainForm,
    rooms: null,
    events,
    ended,
    send: (event) => void events.push(event),
    end: (reason) => {
      ended.push(reason);
      core.hub.detach(listening);
    },
    texts: (roomId) =>
      events.flatMap((event) => (event.kind === 'message' && event.roomId === roomId ? [event.text] : [])),
  };
  return listening;
}

/** The id of a room that is there from the start and that everyone is in. */
export async function commonRoom(read: Reader): Promise<string> {
  const room = await read.rooms.byNameKey('général');
  if (room === null) throw new Error('the default rooms are missing');
  return room.id;
}
