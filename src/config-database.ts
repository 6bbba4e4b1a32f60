/** Where what must last is kept. */
export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgres';
      /** What it is called in sentences for an admin: without a password. */
      readonly place: string;
      /** Connections that write, and as many that read. */
      readonly pool: number;
      /** How long one statement may take, milliseconds. */
      readonly statement: number;
      /** How long it may take to connect, milliseconds. */
      readonly connect: number;
      /** Whether a pooler stands between that hands connections on after each transaction. */
      readonly pooled: boolean;
    };

/** A database as it was read, and the URL by which PostgreSQL is reached, with its password. */
export interface ReadDatabase {
  readonly database: DatabaseConfig;
  readonly url: string | null;
}

/** Our own parameters of the URL; all others are the driver's. */
const ours = {
  pool: { fallback: 10, least: 1, most: 200, unit: 1 },
  statement_timeout: { fallback: 10, least: 1, most: 600, unit: 1_000 },
  connect_timeout: { fallback: 2, least: 1, most: 60, unit: 1_000 },
} as const;

/**
 * Reads `DATABASE_URL`.
 *
 * @returns or what is wrong with it, without showing any of it
 */
export function readDatabase(text: string): ReadDatabase | string {
  if (/^sqlite:./.test(text)) {
    return { database: { kind: 'sqlite', file: text.slice('sqlite:'.length) }, url: null };
  }
  if (!/^postgres(ql)?:\/\//.test(text)) return 'begins with neither sqlite: nor postgres://';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is no URL: characters such as / @ : # ? in a user or password are written as %2F %40 %3A %23 %3F';
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (database === '') return 'names no database after the host';
  const numbers: Record<string, number> = {};
  for (const [name, { fallback, least, most, unit }] of Object.entries(ours)) {
    const given = url.searchParams.get(name);
    if (given !== null && !/^\d{1,9}$/.test(given)) return `has a ${name} that is no whole number`;
    const number = given === null ? fallback : Number(given);
    if (number < least || number > most) return `has a ${name} that is not between ${least} and ${most}`;
    numbers[name] = number * unit;
    url.searchParams.delete(name);
  }
  const pooler = url.searchParams.get('pooler') ?? 'off';
  if (pooler !== 'on' && pooler !== 'off') return 'has a pooler that is neither on nor off';
  url.searchParams.delete('pooler');
  const host = url.hostname || (url.searchParams.get('host') ?? 'this machine');
  return {
    database: {
      kind: 'postgres',
      place: `${database} on ${host}${url.port === '' ? '' : `:${url.port}`}`,
      pool: numbers['pool'] ?? ours.pool.fallback,
      statement: numbers['statement_timeout'] ?? 0,
      connect: numbers['connect_timeout'] ?? 0,
      pooled: pooler === 'on',
    },
    url: url.href,
  };
}

/** A URL of any kind as it may be shown: what stands between `://` and `@` is not. */
export function withoutPassword(text: string): string {
  return text.replace(/:\/\/.*@/s, '://…@');
}
