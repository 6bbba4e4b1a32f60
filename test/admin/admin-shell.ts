import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Json } from '../support/sealed-client.ts';

/** The program, compiled. */
export const mainModule = path.join(import.meta.dirname, '..', '..', 'src', 'main.js');

/** What `letterlock admin …` came to. */
export interface ShellResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `letterlock admin <words…>` in the folder, for the server whose socket is `data/admin.sock` in it. */
export async function admin(folder: string, ...words: string[]): Promise<ShellResult> {
  const child = spawn(process.execPath, ['--enable-source-maps', mainModule, 'admin', ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** The same for a command that has to be done: what it said. */
export async function done(folder: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await admin(folder, ...words);
  assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  assert.equal(stderr, '');
  return stdout;
}

/** The same, with `--json`: what it said, read. */
export async function json(folder: string, ...words: string[]): Promise<Json> {
  return JSON.parse(await done(folder, ...words, '--json')) as Json;
}

/** The same for a command that has to be refused: its code, message, and whatever else it said. */
export async function refused(folder: string, ...words: string[]): Promise<Json> {
  const plain = await admin(folder, ...words);
  assert.equal(plain.code, 1, `${words.join(' ')}: ${plain.stdout}${plain.stderr}`);
  assert.equal(plain.stdout, '', 'what is refused says nothing on stdout');
  const { code, stdout } = await admin(folder, ...words, '--json');
  assert.equal(code, 1);
  return JSON.parse(stdout) as Json;
}
