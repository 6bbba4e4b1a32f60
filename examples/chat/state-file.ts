import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { IdentityPins } from './sdk.ts';

/** What is remembered of a server. */
interface KnownServer {
  readonly identity?: string;
  readonly username?: string;
}

/** A small file in the user's config folder: who each server was, and under which name one was there. No secrets. */
export class StateFile implements IdentityPins {
  readonly file: string;

  constructor(environment: NodeJS.ProcessEnv) {
    const { XDG_CONFIG_HOME: xdg, APPDATA: windows } = environment;
    this.file = path.join(xdg || windows || path.join(homedir(), '.config'), 'letterlock', 'chat.json');
  }

  get(url: string): string | null {
    return this.of(url).identity ?? null;
  }

  set(url: string, identity: string): void {
    if (this.get(url) !== identity) this.write(url, { ...this.of(url), identity });
  }

  /** The name that was used last. */
  username(url: string): string | null {
    return this.of(url).username ?? null;
  }

  setUsername(url: string, username: string): void {
    if (this.username(url) !== username) this.write(url, { ...this.of(url), username });
  }

  private of(url: string): KnownServer {
    return this.read()[url] ?? {};
  }

  /** @throws Error when there is a file that is no such one: to pin anew without a word would be to pin nothing */
  private read(): Record<string, KnownServer> {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
    return JSON.parse(text) as Record<string, KnownServer>;
  }

  private write(url: string, known: KnownServer): void {
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
    const next = `${this.file}.${process.pid}`;
    writeFileSync(next, `${JSON.stringify({ ...this.read(), [url]: known }, null, 2)}\n`, { mode: 0o600 });
    renameSync(next, this.file);
  }
}
