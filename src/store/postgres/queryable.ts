import type { QueryResult } from 'pg';

/** A query as drizzle hands it over: its text, and the name it is prepared under where it is. */
export interface QueryText {
  readonly text: string;
  readonly name?: string | undefined;
}

/** What drizzle needs of a connection. */
export interface Queryable {
  query(query: QueryText, values: unknown[]): Promise<QueryResult>;
}
