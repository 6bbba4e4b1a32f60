import { randomBytes } from 'node:crypto';
import { transactionSubjects } from '../../../src/core/transaction-subjects.ts';
import { type Transactions, createTransactions } from '../../../src/core/transactions.ts';
import { type PostgresStore, openPostgresStore } from '../../../src/store/postgres/open.ts';
import type { PostgresOptions } from '../../../src/store/postgres/options.ts';
import { type TestDatabase, newDatabase, postgresMigrations, testOptions } from '../../support/postgres.ts';
import { userRow } from '../contract/rows.ts';

/** The store of one node, with core's transaction functions. */
export type NodeStore = PostgresStore<Transactions>;

/** Several nodes on one database. */
export interface Nodes {
  readonly database: TestDatabase;
  readonly stores: readonly NodeStore[];
  end(): Promise<void>;
}

export const now = 1_800_000_000_000;
export const masterKey = Buffer.alloc(32, 7);

export async function openNode(url: string, changes: Partial<PostgresOptions> = {}): Promise<NodeStore> {
  return openPostgresStore<Transactions>({
    postgres: testOptions(url, changes),
    migrationsFolder: postgresMigrations,
    isOneOfSeveral: true,
    functions: createTransactions({ masterKey }),
    subjects: transactionSubjects,
  });
}

/** Opens nodes on a new database, with a data key. */
export async function startNodes(count: number, changes: Partial<PostgresOptions> = {}): Promise<Nodes> {
  const database = await newDatabase();
  const stores = await Promise.all(Array.from({ length: count }, () => openNode(database.url, changes)));
  await stores[0]!.transact('makeFirstDataKey', { now });
  return {
    database,
    stores,
    end: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await database.drop();
    },
  };
}

export async function addUser(store: NodeStore, id: string): Promise<void> {
  const user = userRow(id);
  await store.transact('registerUser', { now, claim: null, user, userKey: null, place: null });
}

/** Makes a room, owned by the user. */
export async function addRoom(store: NodeStore, id: string, userId: string): Promise<void> {
  await store.transact('createRoom', {
    now,
    claim: null,
    userId,
    room: { id, name: id, nameKey: id, kind: 'open', openHistory: true, joinedByAll: false },
  });
}

export async function join(store: NodeStore, room: string, userId: string): Promise<void> {
  await store.transact('joinRoom', { now, claim: null, userId, room: { id: room, nameKey: room } });
}

/** Says something; under an `idem` where there is one. */
export function send(store: NodeStore, room: string, userId: string, text: string, idem?: string) {
  const claim =
    idem === undefined
      ? null
      : { idem, scope: `user:${userId}`, lookIn: [`user:${userId}`], contentHash: Buffer.from(idem) };
  const to = { kind: 'room', room: { id: room, nameKey: room } } as const;
  return store.transact('sendMessage', { now, claim, userId, to, text });
}

/** The numbers of a room's messages in order, as a node reads them. */
export async function numbersIn(store: NodeStore, room: string): Promise<number[]> {
  const rows = await store.read.messages.after(room, 0, 100_000);
  return rows.map(({ message }) => message.seq);
}

/** 1, 2, 3, … */
export function countTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}

export function newName(): string {
  return randomBytes(6).toString('hex');
}
