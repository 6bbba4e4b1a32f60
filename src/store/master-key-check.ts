import { eq } from 'drizzle-orm';
import type { AtRestKeys } from '../crypto/at-rest.ts';
import type { Dialect } from './queries/dialect.ts';

/** The name of the fact that tells which master key a database was written under. */
export const masterKeyCheckFact = 'master-key-check';

/** Whether the keys are those that the database was written under; a database that never said so takes any. */
export async function keysFit({ database, tables }: Dialect, keys: AtRestKeys): Promise<boolean> {
  const { facts } = tables;
  const [fact] = await database
    .select({ value: facts.value })
    .from(facts)
    .where(eq(facts.name, masterKeyCheckFact));
  return fact === undefined || keys.check.equals(fact.value);
}
