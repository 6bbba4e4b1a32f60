import { eq, sql } from 'drizzle-orm';
import type { FactWrites, GuessWrites } from '../../core/store.ts';
import type { Database } from '../sqlite/database.ts';
import { facts, guesses } from '../sqlite/schema.ts';
import { firstOrNull } from './rows.ts';

export function guessQueries(database: Database): GuessWrites {
  const bySubject = database
    .select()
    .from(guesses)
    .where(eq(guesses.subject, sql.placeholder('subject')))
    .prepare();
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

export function factQueries(database: Database): FactWrites {
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
