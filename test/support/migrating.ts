import { copyFileSync } from 'node:fs';
import path from 'node:path';
import {
  type MigrateOptions,
  type MigrateReport,
  migrateToPostgres,
} from '../../src/store/migrate/migrate.ts';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { change, databaseIn, fill, keysIn, leaveMailWaiting } from './filled-database.ts';
import { type TestDatabase, postgresMigrations, testOptions } from './postgres.ts';
import { emailOf, SealedClient } from './sealed-client.ts';
import { newFolder } from './server-process.ts';
import { startTestServer } from './test-server.ts';

export const sqliteMigrations = path.join(import.meta.dirname, '..', '..', '..', 'drizzle');

/** A folder as a server leaves it, with `keys/` and a database on SQLite that has something in every table. */
export async function filledFolder(): Promise<string> {
  const folder = newFolder();
  const server = await startTestServer({ DATABASE_URL: `sqlite:${databaseIn(folder)}` }, {}, folder);
  await fill(server);
  const lost = await SealedClient.open(server.url);
  await lost.must('/forgot_password', { email: emailOf('ada') });
  await server.stop();
  leaveMailWaiting(folder);
  change(databaseIn(folder), addOddities);
  return folder;
}

/** What is hard to carry: numbers beyond 32 bits, quotes and commas, what looks like nothing, no bytes at all. */
function addOddities(database: SqliteDatabase): void {
  const most = Number.MAX_SAFE_INTEGER;
  const ban = database.prepare("INSERT INTO bans VALUES (?, 'ban', NULL, ?, ?, ?, NULL, ?)");
  const texts = ['', 'NULL', '{a,"b"}', 'back\\slash \\x41', "it's\n\ttwo lines", 'ünïcödé 🔐', ' ', '\\N'];
  texts.forEach((reason, at) => ban.run(`odd ${at}`, reason, reason, most - at, at % 2 === 0 ? null : 0));
  database.prepare("INSERT INTO links VALUES (x'', 'reset', NULL, NULL, ?, NULL, ?)").run(2 ** 31, most);
  database
    .prepare("INSERT INTO links VALUES (x'00ff5c22', 'email', 'nobody', 'a@b', 0, 0, ?)")
    .run(2 ** 32 + 1);
  database.prepare("INSERT INTO guesses VALUES ('a subject', 1, ?, ?)").run(-1, 2 ** 40);
}

/** A copy of a database on SQLite in a folder of its own, to be changed. */
export function copyOf(file: string): string {
  const copy = path.join(newFolder(), 'copy.db');
  copyFileSync(file, copy);
  return copy;
}

/** Migrates the database of a folder, or another file with its keys. */
export function migrate(
  folder: string,
  target: TestDatabase,
  changes: Partial<MigrateOptions> = {},
): Promise<MigrateReport> {
  return migrateToPostgres({
    file: databaseIn(folder),
    postgres: testOptions(target.url, { place: 'the target', named: '--to' }),
    folders: { sqlite: sqliteMigrations, postgres: postgresMigrations },
    keys: keysIn(folder),
    onProgress: () => {},
    ...changes,
  });
}

type Tables = Record<string, unknown[][]>;

/** All that is in a SQLite database, by table, read by other means than those of the migration. */
export function contentOfFile(file: string): Tables {
  const database = new SqliteDatabase(file, { readonly: true });
  try {
    const names = database
      .prepare<[], string>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
      )
      .pluck()
      .all();
    return Object.fromEntries(
      names.map((name) => [name, sorted(database.prepare(`SELECT * FROM ${name}`).all() as object[])]),
    );
  } finally {
    database.close();
  }
}

/** The same of a PostgreSQL database. */
export async function contentOf(target: TestDatabase): Promise<Tables> {
  const names = await target.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%'",
  );
  const tables: Tables = {};
  for (const { name } of names) tables[name] = sorted(await target.query(`SELECT * FROM ${name}`));
  return tables;
}

/** Rows as lists of texts that show every byte, in an order that says nothing. */
function sorted(rows: readonly object[]): unknown[][] {
  return rows
    .map((row) =>
      Object.entries(row)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([column, value]) => `${column}=${shown(value)}`),
    )
    .sort((one, other) => (String(one) < String(other) ? -1 : 1));
}

function shown(value: unknown): string {
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`;
  if (typeof value === 'boolean') return `'${Number(value)}'`;
  return value === null ? 'null' : `'${String(value)}'`;
}
