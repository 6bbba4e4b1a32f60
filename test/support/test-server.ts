import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import PostalMime from 'postal-mime';
import { type Overrides, type RunningServer, startServer } from '../../src/composition.ts';
import { type Environment, loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/logger.ts';

/** A whole server in this process, on a free port, in a temporary folder. */
export interface TestServer extends RunningServer {
  readonly folder: string;
  /** Everything it has logged. */
  readonly log: () => string;
  /** Stops it and starts it again on the same data. */
  restart(): Promise<TestServer>;
  /** Stops it and removes its folder. */
  end(): Promise<void>;
  /** The text of the newest mail to the address, once there is one. */
  mailTo(address: string, newerThan?: number): Promise<string>;
  /** How many mails went to the address. */
  mailCount(address: string): Promise<number>;
}

/** Starts one. Nothing is limited by address unless the environment says so, and keys are small. */
export async function startTestServer(
  environment: Environment = {},
  overrides: Overrides = {},
  folder = mkdtempSync(path.join(tmpdir(), 'letterlock-')),
): Promise<TestServer> {
  const lines: string[] = [];
  const config = loadConfig({
    LISTEN_HTTP: 'http://127.0.0.1:0',
    DATABASE_URL: `sqlite:${path.join(folder, 'data', 'letterlock.db')}`,
    KEYS_DIR: path.join(folder, 'keys'),
    DATA_DIR: path.join(folder, 'data'),
    RSA_BITS: '2048',
    LIMITS: 'off',
    ...environment,
  });
  const logger = createLogger({
    level: 'debug',
    pretty: false,
    sink: { write: (line) => lines.push(line) },
  });
  const running = await startServer(
    config,
    logger,
    (error) => {
      throw error;
    },
    overrides,
  );
  const outbox = path.join(folder, 'data', 'outbox');
  return {
    ...running,
    folder,
    log: () => lines.join(''),
    restart: async () => {
      await running.stop();
      return startTestServer(environment, overrides, folder);
    },
    end: async () => {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    mailTo: (address, newerThan = 0) =>
      until(async () => (await mailsTo(outbox, address))[newerThan], `a mail to ${address}`),
    mailCount: async (address) => (await mailsTo(outbox, address)).length,
  };
}

/** Mails to the address, oldest first. */
async function mailsTo(outbox: string, address: string): Promise<string[]> {
  const texts: string[] = [];
  for (const file of list(outbox)) {
    const mail = await PostalMime.parse(readFileSync(path.join(outbox, file)));
    if (mail.to?.some((each) => each.address === address)) texts.push(mail.text ?? '');
  }
  return texts;
}

/** Files in the order in which they were written. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.eml'))
      .map((file) => ({ file, at: statSync(path.join(folder, file), { bigint: true }).mtimeNs }))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ file }) => file);
  } catch {
    return [];
  }
}

/** Looks again and again until there is something, for as long as a test may take. */
export async function until<Value>(look: () => Promise<Value | undefined>, what: string): Promise<Value> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`there never was ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The code in a mail's text. */
export function codeIn(text: string): string {
  const code = /^ {4}([A-Z2-9]{8})$/m.exec(text)?.[1];
  if (code === undefined) throw new Error('there is no code in the mail');
  return code;
}
