import { type Column, getTableColumns, is } from 'drizzle-orm';
import { PgTable, getTableConfig as pgConfig } from 'drizzle-orm/pg-core';
import { SQLiteTable, getTableConfig as sqliteConfig } from 'drizzle-orm/sqlite-core';
import * as pgSchema from '../postgres/schema.ts';
import * as sqliteSchema from '../sqlite/schema.ts';

/** A table as it is on both sides. */
export interface CarriedTable {
  readonly name: string;
  readonly source: SQLiteTable;
  readonly target: PgTable;
  /** The members of a row, in the order in which its values are carried. */
  readonly members: readonly string[];
  /** Which of the members are the primary key. */
  readonly key: readonly string[];
}

/** Every table of the schema, each after those that it refers to. */
export const carriedTables: readonly CarriedTable[] = parentsFirst(
  pairs(Object.values(sqliteSchema), Object.values(pgSchema)),
);

/** The columns of one side of a table, by member. */
export function columnsOf(table: SQLiteTable | PgTable): Record<string, Column> {
  return getTableColumns(table);
}

function pairs(sources: readonly unknown[], targets: readonly unknown[]): CarriedTable[] {
  const byName = new Map(
    targets.filter((each) => is(each, PgTable)).map((target) => [pgConfig(target).name, target]),
  );
  return sources.filter((each) => is(each, SQLiteTable)).map((source) => pair(source, byName));
}

/** @throws Error where the two schemas have grown apart */
function pair(source: SQLiteTable, targets: ReadonlyMap<string, PgTable>): CarriedTable {
  const { name, primaryKeys } = sqliteConfig(source);
  const target = targets.get(name);
  const columns = Object.entries(columnsOf(source));
  const members = columns.map(([member]) => member);
  if (target === undefined || String(Object.keys(columnsOf(target))) !== String(members)) {
    throw new Error(`the table ${name} is not the same in both schemas`);
  }
  const keyColumns =
    primaryKeys[0]?.columns ?? columns.map(([, column]) => column).filter(({ primary }) => primary);
  const key = keyColumns.map(
    ({ name: wanted }) => columns.find(([, { name: own }]) => own === wanted)?.[0] ?? '',
  );
  if (key.length === 0 || key.includes('')) throw new Error(`the table ${name} has no primary key`);
  return { name, source, target, members, key };
}

function parentsFirst(tables: readonly CarriedTable[]): CarriedTable[] {
  const sorted: CarriedTable[] = [];
  const visit = (table: CarriedTable, children: readonly CarriedTable[]): void => {
    if (sorted.includes(table) || children.includes(table)) return;
    for (const name of parentsOf(table)) {
      const parent = tables.find((each) => each.name === name);
      if (parent !== undefined) visit(parent, [...children, table]);
    }
    sorted.push(table);
  };
  for (const table of tables) visit(table, []);
  return sorted;
}

function parentsOf({ source, target }: CarriedTable): string[] {
  return [
    ...sqliteConfig(source).foreignKeys.map((each) => sqliteConfig(each.reference().foreignTable).name),
    ...pgConfig(target).foreignKeys.map((each) => pgConfig(each.reference().foreignTable).name),
  ];
}
