import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { type DatabaseConfig, readDatabase, withoutPassword } from './config-database.ts';
import { type Variable, type VariableName, variables } from './config-variables.ts';
import { type GatewayListenConfig, type ListenConfig, readListener } from './config-listeners.ts';
import { readRedis } from './config-redis.ts';
import { readEmailAddress } from './core/names/email-address.ts';

/** The environment, as it was read. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How mails go out. */
export interface MailConfig {
  readonly server: string;
  readonly port: number;
  /** `starttls`: required after connecting; `tls`: from the start; `opportunistic`: STARTTLS where it is offered. */
  readonly security: 'starttls' | 'tls' | 'opportunistic';
  readonly username: string | null;
  readonly sender: { readonly name: string; readonly address: string };
}

/** A secret that does not show itself when an object that holds it is printed. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself, for who has to send it. */
  reveal(): string {
    return this.#value;
  }
}

/** Where `chateau` looks people up. */
export interface LdapConfig {
  readonly url: string;
  readonly baseDn: string;
  readonly startTls: boolean;
  /** A PEM file to trust; null: what the system trusts. */
  readonly caFile: string | null;
}

export interface Config {
  readonly http: ListenConfig;
  /** Null: metrics are not served. */
  readonly metrics: ListenConfig | null;
  /** The other ways in; null: not served. */
  readonly gateways: {
    readonly frames: GatewayListenConfig | null;
    readonly chatroom: GatewayListenConfig | null;
    readonly chateau: GatewayListenConfig | null;
    readonly rooms: GatewayListenConfig | null;
    /** The pages that links in mails lead to. */
    readonly reset: GatewayListenConfig | null;
    /** Whether the older profile is served under `/vws`. */
    readonly vws: boolean;
    /** Whether people without an account are let in where a gateway knows such. */
    readonly guests: boolean;
    /** Clients of `chatroom` that say they are older are turned away. */
    readonly chatroomMinVersion: string | null;
  };
  readonly ldap: LdapConfig | null;
  /** Where links in mails lead; null: derived from the listener. */
  readonly resetUrl: string | null;
  /** The socket of the admin console; null: there is none. */
  readonly admin: { readonly file: string | null };
  readonly database: DatabaseConfig;
  /** Where nodes share what they share for a while; null: this is the only node. */
  readonly redis: { readonly urls: readonly Secret[]; readonly isCluster: boolean } | null;
  readonly folders: { readonly keys: string; readonly data: string };
  readonly mail: MailConfig | null;
  readonly secrets: {
    readonly mailPassword: Secret | null;
    /** How PostgreSQL is reached; null where the database is a file. */
    readonly databaseUrl: Secret | null;
  };
  readonly publicUrl: string | null;
  readonly trustProxy: readonly string[];
  readonly sessions: { readonly idleSeconds: number };
  readonly userKeys: { readonly bits: number };
  readonly limits: boolean;
  readonly shutdown: { readonly delaySeconds: number };
  readonly log: { readonly level: LogLevel };
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Wrong values: a line for each, with the variable's name, what is wrong and an example. */
export class ConfigError extends Error {
  constructor(lines: readonly string[]) {
    super(['the configuration is not right:', ...lines.map((line) => `  ${line}`)].join('\n'));
    this.name = 'ConfigError';
  }
}

/** The process's environment over the `.env` file of the folder, where there is one. */
export function readEnvironment(folder: string, processEnvironment: Environment = process.env): Environment {
  let file: Environment = {};
  try {
    file = parseEnv(readFileSync(path.join(folder, '.env'), 'utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return { ...file, ...processEnvironment };
}

/** Checks every variable. @throws ConfigError naming all that are wrong, not only the first */
export function loadConfig(environment: Environment): Config {
  const given: Record<string, string> = {};
  for (const { name, fallback } of variables) {
    // A variable that is set to nothing counts as not set, as in compose files and `.env`.
    const value = environment[name]?.trim() || fallback;
    if (value !== null) given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => explain(issue, given)));
  const read = parsed.data;
  const problems = contradictions(read);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    http: read.LISTEN_HTTP,
    metrics: read.LISTEN_METRICS,
    gateways: {
      frames: read.LISTEN_FRAMES,
      chatroom: read.LISTEN_CHATROOM,
      chateau: read.LISTEN_CHATEAU,
      rooms: read.LISTEN_ROOMS,
      reset: read.LISTEN_RESET,
      vws: read.VWS_COMPAT,
      guests: read.GUESTS,
      chatroomMinVersion: read.CHATROOM_MIN_VERSION ?? null,
    },
    ldap: ldapConfig(read),
    resetUrl: read.RESET_URL ?? null,
    admin: { file: read.LISTEN_ADMIN === null ? null : path.resolve(read.LISTEN_ADMIN) },
    database: resolved(read.DATABASE_URL.database),
    redis: redisConfig(read),
    folders: { keys: path.resolve(read.KEYS_DIR), data: path.resolve(read.DATA_DIR) },
    mail: mailConfig(read),
    secrets: {
      mailPassword: read.MAIL_PASSWORD === undefined ? null : new Secret(read.MAIL_PASSWORD),
      databaseUrl: read.DATABASE_URL.url === null ? null : new Secret(read.DATABASE_URL.url),
    },
    publicUrl: read.PUBLIC_URL ?? null,
    trustProxy: read.TRUST_PROXY ?? [],
    sessions: { idleSeconds: read.SESSION_TTL },
    userKeys: { bits: read.RSA_BITS },
    limits: read.LIMITS,
    shutdown: { delaySeconds: read.SHUTDOWN_DELAY },
    log: { level: read.LOG_LEVEL },
  };
}

const toggle = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['on', 'off', 'true', 'false', '1', '0'], { error: 'is neither on nor off' }))
  .transform((word) => word === 'on' || word === 'true' || word === '1');

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is no whole number')
    .transform(Number)
    .pipe(z.number().min(least, `is below ${least}`).max(most, `is above ${most}`));

/** Turns a text into a value, or adds what is wrong with it. */
const reading = <Value>(read: (text: string) => Value | string) =>
  z.string().transform((text, context) => {
    const value = read(text);
    if (typeof value !== 'string') return value;
    context.addIssue({ code: 'custom', message: value });
    return z.NEVER;
  });

/** A listener that may be off: null. */
const listener = (schemes: readonly [string, string]) =>
  reading((text) => (text === 'off' ? null : readListener(text, schemes)));

const folder = z.string().refine((text) => !text.includes('\0'), 'is no path');

const webUrl = z
  .url({ protocol: /^https?$/, error: 'is no http:// or https:// URL' })
  .transform((url) => url.replace(/\/+$/, ''));

const schema = z.object({
  LISTEN_HTTP: reading((text) => readListener(text)),
  LISTEN_METRICS: listener(['http', 'https']),
  LISTEN_FRAMES: listener(['tcp', 'tls']),
  LISTEN_RESET: listener(['http', 'https']),
  LISTEN_CHATROOM: listener(['tcp', 'tls']),
  LISTEN_CHATEAU: listener(['ws', 'wss']),
  LISTEN_ROOMS: listener(['tcp', 'tls']),
  LISTEN_ADMIN: z
    .string()
    .regex(/^(?:off|unix:[^\0]+)$/, 'is neither off nor of the form unix:path')
    .transform((text) => (text === 'off' ? null : text.slice('unix:'.length))),
  DATABASE_URL: reading(readDatabase),
  REDIS_URL: reading(readRedis).optional(),
  KEYS_DIR: folder,
  DATA_DIR: folder,
  MAIL_SERVER: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, 'is no host name')
    .optional(),
  MAIL_PORT: wholeNumber(1, 65_535).optional(),
  MAIL_USE_TLS: toggle,
  MAIL_USE_SSL: toggle,
  MAIL_USERNAME: z.string().optional(),
  MAIL_PASSWORD: z.string().optional(),
  MAIL_DEFAULT_SENDER: reading(readSender).optional(),
  PUBLIC_URL: webUrl.optional(),
  RESET_URL: webUrl.optional(),
  VWS_COMPAT: toggle,
  GUESTS: toggle,
  CHATROOM_MIN_VERSION: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6}){0,3}$/, 'is no version such as 0.2.0')
    .optional(),
  LDAP_URL: z
    .string()
    .regex(/^ldaps?:\/\/[^\s/]+\/?$/, 'is no ldap:// or ldaps:// URL')
    .optional(),
  LDAP_BASE_DN: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9.-]*=/, 'is no distinguished name')
    .optional(),
  LDAP_STARTTLS: toggle,
  LDAP_CA: folder.optional(),
  TRUST_PROXY: reading(readRanges).optional(),
  SESSION_TTL: wholeNumber(60, 30 * 24 * 3600),
  RSA_BITS: z.enum(['2048', '3072', '4096'], { error: 'is none of 2048, 3072, 4096' }).transform(Number),
  LIMITS: toggle,
  SHUTDOWN_DELAY: wholeNumber(0, 60),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent'], {
    error: 'is none of debug, info, warn, error, silent',
  }),
} satisfies Record<VariableName, z.ZodType>);

type Read = z.infer<typeof schema>;

function readSender(text: string): MailConfig['sender'] | string {
  const match = /^(?:(?<name>[^<>]*?)\s*<(?<bracketed>[^<>]+)>|(?<bare>[^<>\s]+))$/.exec(text);
  const address = readEmailAddress(match?.groups?.['bracketed'] ?? match?.groups?.['bare'] ?? '');
  if (!address.ok || /[\p{Cc}\p{Cf}]/u.test(text)) return 'is no address';
  return { name: match?.groups?.['name']?.replaceAll('"', '') ?? '', address: address.email };
}

function redisConfig({ REDIS_URL }: Read): Config['redis'] {
  if (REDIS_URL === undefined) return null;
  return { urls: REDIS_URL.urls.map((url) => new Secret(url)), isCluster: REDIS_URL.isCluster };
}

function readRanges(text: string): string[] | string {
  const ranges = text.split(',').map((range) => range.trim());
  for (const range of ranges) {
    const [address = '', bits, ...rest] = range.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (isIP(address) === 0 || !fits || rest.length > 0)
      return 'has an entry that is neither an address nor a range';
  }
  return ranges;
}

function resolved(database: DatabaseConfig): DatabaseConfig {
  return database.kind === 'sqlite' ? { ...database, file: path.resolve(database.file) } : database;
}

function mailConfig(read: Read): MailConfig | null {
  if (read.MAIL_SERVER === undefined || read.MAIL_DEFAULT_SENDER === undefined) return null;
  const security = read.MAIL_USE_SSL ? 'tls' : read.MAIL_USE_TLS ? 'starttls' : 'opportunistic';
  return {
    server: read.MAIL_SERVER,
    port: read.MAIL_PORT ?? { tls: 465, starttls: 587, opportunistic: 25 }[security],
    security,
    username: read.MAIL_USERNAME ?? null,
    sender: read.MAIL_DEFAULT_SENDER,
  };
}

function ldapConfig(read: Read): LdapConfig | null {
  if (read.LDAP_URL === undefined || read.LDAP_BASE_DN === undefined) return null;
  return {
    url: read.LDAP_URL,
    baseDn: read.LDAP_BASE_DN,
    startTls: read.LDAP_STARTTLS,
    caFile: read.LDAP_CA ?? null,
  };
}

/** Values that are right by themselves and do not go together. */
function contradictions(read: Read): string[] {
  const problems: string[] = [];
  if (read.MAIL_USE_TLS && read.MAIL_USE_SSL) {
    problems.push('MAIL_USE_TLS and MAIL_USE_SSL are both on: set one of them, e.g. MAIL_USE_SSL=off');
  }
  if (read.MAIL_SERVER !== undefined && read.MAIL_DEFAULT_SENDER === undefined) {
    problems.push(`MAIL_DEFAULT_SENDER is missing; ${exampleOf('MAIL_DEFAULT_SENDER')}`);
  }
  if ((read.LDAP_URL === undefined) !== (read.LDAP_BASE_DN === undefined)) {
    problems.push('LDAP_URL and LDAP_BASE_DN need each other: set both, or neither');
  }
  if (read.LDAP_STARTTLS && read.LDAP_URL?.startsWith('ldaps:') === true) {
    problems.push('LDAP_STARTTLS is for ldap:// URLs: LDAP_URL=ldaps://… is secured from the start');
  }
  if ((read.MAIL_USERNAME === undefined) !== (read.MAIL_PASSWORD === undefined)) {
    problems.push('MAIL_USERNAME and MAIL_PASSWORD need each other: set both, or neither');
  }
  return problems;
}

function explain(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): string {
  const name = String(issue.path[0]);
  const variable: Variable | undefined = variables.find((each) => each.name === name);
  const value =
    variable?.secret === true ? '' : `=${JSON.stringify(withoutPassword(given[name] ?? '').slice(0, 80))}`;
  return `${name}${value} ${issue.message}; ${exampleOf(name)}`;
}

function exampleOf(name: string): string {
  const variable = variables.find((each) => each.name === name);
  return `for example ${name}=${variable?.example ?? ''}`;
}
