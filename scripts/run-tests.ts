import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { blackBoxTests } from './black-box-tests.ts';

/**
 * Runs the compiled tests with Node's own runner.
 *
 * `npm test` runs everything; `npm test -- store crypto/jwe` runs the files whose path contains one of the
 * words. The list is made here because Node 20's runner takes no patterns. With `TEST_SERVER_NODES` above 1, as in
 * `npm run test:nodes`, it is those that use a server from outside.
 */
const words = process.argv.slice(2);
const root = path.join(import.meta.dirname, '..', 'test');
const compiled = existsSync(root)
  ? readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.js'))
      .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
      .filter((file) => existsSync(sourceOf(file)))
      .sort()
      .map((file) => path.join(root, file))
  : [];
const onSeveralNodes = Number(process.env['TEST_SERVER_NODES'] ?? 1) > 1;
const files = onSeveralNodes ? blackBoxTests(root, compiled) : compiled;

/** For a file: its long parts take minutes where the machine has other things to do. */
const timeoutMilliseconds = process.env['LONG_TESTS'] === 'on' ? 900_000 : 180_000;

/** The TypeScript a compiled test came from: a deleted test leaves its old output behind. */
function sourceOf(file: string): string {
  return path.join(root, '..', '..', 'test', file.replace(/\.js$/, '.ts'));
}

if (files.length === 0) {
  console.error(`no test matches: ${words.join(' ')}`);
  process.exitCode = 1;
} else {
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      '--test-reporter=spec',
      `--test-timeout=${timeoutMilliseconds}`,
      // Tests wait more than they work: for disks, sockets, child processes.
      `--test-concurrency=${availableParallelism() + 1}`,
      ...files,
    ],
    { stdio: 'inherit' },
  );
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}
