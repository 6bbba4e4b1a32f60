import { and, asc, notInArray } from 'drizzle-orm';
import { oldestMigrationFact } from '../postgres/migrations.ts';
import { migrationFact } from '../postgres/half-migrated.ts';
import type { Dialect } from '../queries/dialect.ts';
import { comesAfter, inPages } from '../queries/keyset.ts';
import { type CarriedTable, columnsOf } from './carried-tables.ts';
import type { RowValue } from './row-chain.ts';

/** Facts about the one database that they are in. */
export const ownFacts = [migrationFact, oldestMigrationFact];

type Row = Readonly<Record<string, RowValue>>;

/**
 * The rows of a table on one side, in the order of the primary key: as values in the order of the members. Both sides
 * order by bytes.
 *
 * @param limit how many are held at once
 */
export async function* rowsOf(
  { database }: Dialect,
  table: CarriedTable,
  side: 'source' | 'target',
  limit: number,
): AsyncGenerator<RowValue[], void, undefined> {
  // The types are those of SQLite; what is built is the same for both.
  const from = table[side] as CarriedTable['source'];
  const columns = columnsOf(from);
  const key = table.key.flatMap((member) => columns[member] ?? []);
  const { name } = columns;
  const notOwn = table.name === 'facts' && name !== undefined ? notInArray(name, ownFacts) : undefined;
  const rows = inPages<Row>((last, most) => {
    const beyond =
      last === null
        ? undefined
        : comesAfter(
            key,
            table.key.map((member) => last[member]),
          );
    const page = database
      .select(columns as never)
      .from(from)
      .where(and(notOwn, beyond))
      .orderBy(...key.map((column) => asc(column)))
      .limit(most);
    return page;
  }, limit);
  for await (const row of rows) yield table.members.map((member) => row[member] ?? null);
}
