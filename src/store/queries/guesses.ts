import { eq, sql } from 'drizzle-orm';
import type { FactWrites, GuessWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function guessQueries(dialect: Dialect): GuessWrites {
  const { database, prepared } = dialect;
  const { guesses } = dialect.tables;
  const bySubject = prepared(
    database
      .select()
      .from(guesses)
      .where(eq(guesses.subject, sql.placeholder('subject'))),
  );
  return {
    find: async (subject) => firstOrNull(await bySubject.execute({ subject })),
    put: async (row) => {
      await database.insert(guesses).values(row).onConflictDoUpdate({ target: guesses.subject, set: row });
    },
    delete: async (subject) => {
      await database.delete(guesses).where(eq(guesses.subject, subject));
    },
  };
}

export function factQueries(dialect: Dialect): FactWrites {
  const { database } = dialect;
  const { facts } = dialect.tables;
  return {
    find: async (name) => {
      const [row] = await database.select().from(facts).where(eq(facts.name, name));
      return row?.value ?? null;
    },
    put: async (name, value) => {
      await database
        .insert(facts)
        .values({ name, value })
        .onConflictDoUpdate({ target: facts.name, set: { value } });
    },
  };
}
