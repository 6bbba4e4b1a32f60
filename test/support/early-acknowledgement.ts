import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..', '..');

/**
 * A copy of the program with one thing wrong: it acknowledges what a batch did, and commits it a moment later. What a test of durability is worth shows in whether it notices.
 *
 * @returns the copy's main file
 */
export function programThatAcknowledgesEarly(folder: string): string {
  cpSync(path.join(root, '.build', 'src'), path.join(folder, 'src'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  symlinkSync(path.join(root, 'drizzle'), path.join(folder, 'drizzle'));
  const file = path.join(folder, 'src', 'store', 'sqlite', 'batch-runner.js');
  const right = readFileSync(file, 'utf8');
  const wrong = right
    .replace('commit.run();', 'setTimeout(() => { if (connection.inTransaction) commit.run(); }, 20);')
    .replace('begin.run();', 'if (!connection.inTransaction) begin.run();');
  assert.equal(
    wrong.split('connection.inTransaction) ').length - right.split('connection.inTransaction) ').length,
    2,
  );
  writeFileSync(file, wrong);
  return path.join(folder, 'src', 'main.js');
}
