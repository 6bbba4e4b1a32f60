import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { type Variable, type VariableName, variables } from './config-variables.ts';
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

export interface Config {
  readonly http: { readonly secure: boolean; readonly host: string; readonly port: number };
  readonly database: { readonly file: string };
  readonly folders: { readonly keys: string; readonly data: string };
  readonly mail: MailConfig | null;
  readonly secrets: { readonly mailPassword: Secret | null };
  readonly publicUrl: string | null;
  readonly trustProxy: readonly string[];
  readonly sessions: { readonly idleSeconds: number };
  readonly userKeys: { readonly bits: number };
  readonly limits: boolean;
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
    database: { file: path.resolve(read.DATABASE_URL) },
    folders: { keys: path.resolve(read.KEYS_DIR), data: path.resolve(read.DATA_DIR) },
    mail: mailConfig(read),
    secrets: { mailPassword: read.MAIL_PASSWORD === undefined ? null : new Secret(read.MAIL_PASSWORD) },
    publicUrl: read.PUBLIC_URL ?? null,
    trustProxy: read.TRUST_PROXY ?? [],
    sessions: { idleSeconds: read.SESSION_TTL },
    userKeys: { bits: read.RSA_BITS },
    limits: read.LIMITS,
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

const folder = z.string().refine((text) => !text.includes('\0'), 'is no path');

const schema = z.object({
  LISTEN_HTTP: reading(readListener),
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:./, 'does not begin with sqlite: (no other database is supported by this version)')
    .transform((text) => text.slice('sqlite:'.length)),
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
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'is no http:// or https:// URL' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  TRUST_PROXY: reading(readRanges).optional(),
  SESSION_TTL: wholeNumber(60, 30 * 24 * 3600),
  RSA_BITS: z.enum(['2048', '3072', '4096'], { error: 'is none of 2048, 3072, 4096' }).transform(Number),
  LIMITS: toggle,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent'], {
    error: 'is none of debug, info, warn, error, silent',
  }),
} satisfies Record<VariableName, z.ZodType>);

type Read = z.infer<typeof schema>;

function readListener(text: string): Config['http'] | string {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/?$/.exec(text);
  if (match === null) return 'is not of the form http://address:port';
  const [, scheme, host = '', port] = match;
  if (Number(port) > 65_535) return 'has a port above 65535';
  return { secure: scheme === 'https', host: host.replaceAll(/[[\]]/g, ''), port: Number(port) };
}

function readSender(text: string): MailConfig['sender'] | string {
  const match = /^(?:(?<name>[^<>]*?)\s*<(?<bracketed>[^<>]+)>|(?<bare>[^<>\s]+))$/.exec(text);
  const address = readEmailAddress(match?.groups?.['bracketed'] ?? match?.groups?.['bare'] ?? '');
  if (!address.ok || /[\p{Cc}\p{Cf}]/u.test(text)) return 'is no address';
  return { name: match?.groups?.['name']?.replaceAll('"', '') ?? '', address: address.email };
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

/** Values that are right by themselves and do not go together. */
function contradictions(read: Read): string[] {
  const problems: string[] = [];
  if (read.MAIL_USE_TLS && read.MAIL_USE_SSL) {
    problems.push('MAIL_USE_TLS and MAIL_USE_SSL are both on: set one of them, e.g. MAIL_USE_SSL=off');
  }
  if (read.MAIL_SERVER !== undefined && read.MAIL_DEFAULT_SENDER === undefined) {
    problems.push(`MAIL_DEFAULT_SENDER is missing; ${exampleOf('MAIL_DEFAULT_SENDER')}`);
  }
  if ((read.MAIL_USERNAME === undefined) !== (read.MAIL_PASSWORD === undefined)) {
    problems.push('MAIL_USERNAME and MAIL_PASSWORD need each other: set both, or neither');
  }
  return problems;
}

function explain(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): string {
  const name = String(issue.path[0]);
  const variable: Variable | undefined = variables.find((each) => each.name === name);
  const value = variable?.secret === true ? '' : `=${JSON.stringify((given[name] ?? '').slice(0, 80))}`;
  return `${name}${value} ${issue.message}; ${exampleOf(name)}`;
}

function exampleOf(name: string): string {
  const variable = variables.find((each) => each.name === name);
  return `for example ${name}=${variable?.example ?? ''}`;
}
