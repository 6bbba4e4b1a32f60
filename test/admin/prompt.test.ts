import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Outcome, done, sentence } from '../../src/admin/report.ts';
import { LogAbovePrompt } from '../../src/admin/terminal/log-above-prompt.ts';
import { type Terminal, openTerminal } from '../../src/admin/terminal/terminal.ts';
import { until } from '../support/test-server.ts';
import { Screen } from './screen.ts';

const welcome = 'Type help for the commands, Tab to complete, Ctrl-C to stop the server.';

describe('the prompt', () => {
  let screen: Screen;
  let keys: PassThrough;
  let log: LogAbovePrompt;
  let terminal: Terminal;
  let interrupts: number;
  let ran: { line: string; yes: boolean }[];
  let outcome: (line: string, yes: boolean) => Promise<Outcome>;

  beforeEach(async () => {
    screen = new Screen(80);
    keys = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
    log = new LogAbovePrompt(screen);
    interrupts = 0;
    ran = [];
    outcome = async (line) => done(line, sentence(`ran ${line}`));
    terminal = openTerminal({
      input: keys as never as ReadStream,
      output: screen as never as WriteStream,
      log,
      folder: '/',
      onInterrupt: () => (interrupts += 1),
      complete: async (line) => ({ replaces: line, candidates: ['users ', 'users-of '] }),
      run: async (words, { yes }) => {
        const line = words.map(({ text }) => text).join(' ');
        ran.push({ line, yes });
        return outcome(line, yes);
      },
    });
    await seen('letterlock>');
  });
  afterEach(() => terminal.close());

  /** Waits until the last line is this. */
  async function seen(last: string): Promise<string[]> {
    return until(
      async () => (screen.lines.at(-1) === last ? screen.lines : undefined),
      `the line ${last}, but ${JSON.stringify(screen.lines)}`,
    );
  }

  test('shows what a command said below it, and comes again', async () => {
    keys.write('users\r');
    assert.deepEqual(await seen('letterlock>'), [welcome, 'letterlock> users', 'ran users', 'letterlock>']);
  });

  test('stays below the log, with what is being typed', async () => {
    keys.write('ban ada');
    await seen('letterlock> ban ada');
    log.write('first line of the log\n');
    log.write('second\n');
    const lines = [welcome, 'first line of the log', 'second', 'letterlock> ban ada'];
    assert.deepEqual(screen.lines, lines);
    assert.equal(screen.cursor.column, 'letterlock> ban ada'.length);
    keys.write(' rude\r');
    await seen('letterlock>');
    assert.deepEqual(ran, [{ line: 'ban ada rude', yes: false }]);
  });

  test('stays whole when what is being typed takes several rows', async () => {
    const typed = `ban ada ${'rude '.repeat(40)}end`;
    keys.write(typed);
    await until(async () => (screen.lines.join('').endsWith('end') ? true : undefined), 'the end');
    const before = screen.lines.slice(1);
    assert.equal(before.length, 3);
    log.write('a line of the log\n');
    log.write('another\n');
    assert.deepEqual(screen.lines, [welcome, 'a line of the log', 'another', ...before]);
    keys.write('\r');
    await seen('letterlock>');
    assert.equal(ran[0]?.line, typed);
  });

  test('is not in the way while a command runs', async () => {
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    outcome = async (line) => {
      await finished;
      return done(line, sentence('finished'));
    };
    keys.write('backup x\r');
    await until(async () => (ran.length > 0 ? true : undefined), 'a command that runs');
    log.write('meanwhile\n');
    finish();
    assert.deepEqual(await seen('letterlock>'), [
      welcome,
      'letterlock> backup x',
      'meanwhile',
      'finished',
      'letterlock>',
    ]);
  });

  test('asks, goes on at yes only, and keeps the answer out of the history', async () => {
    outcome = async (line, yes) =>
      yes
        ? done(line, sentence('banned'))
        : { result: 'question', data: {}, blocks: [sentence('23 accounts')] };
    keys.write('ban ip 192.0.2.1 x\r');
    assert.ok((await seen('Go on? [y/N]')).includes('23 accounts'));
    keys.write('n\r');
    assert.ok((await seen('letterlock>')).includes('Nothing was done.'));
    assert.equal(ran.length, 1);
    keys.write('\u001b[A');
    await seen('letterlock> ban ip 192.0.2.1 x');
    keys.write('\r');
    await seen('Go on? [y/N]');
    keys.write('yes\r');
    assert.ok((await seen('letterlock>')).includes('banned'));
    assert.deepEqual(
      ran.map(({ yes }) => yes),
      [false, false, true],
    );
  });

  test('takes Ctrl-C for the line while there is one, for a no to a question, and else hands it on', async () => {
    keys.write('ban ada');
    await seen('letterlock> ban ada');
    keys.write('\u0003');
    await seen('letterlock>');
    assert.equal(interrupts, 0);
    outcome = async () => ({ result: 'question', data: {}, blocks: [] });
    keys.write('ban ip x y\r');
    await seen('Go on? [y/N]');
    keys.write('\u0003');
    assert.ok((await seen('letterlock>')).includes('Nothing was done.'));
    assert.equal(interrupts, 0);
    keys.write('\u0003');
    await until(async () => (interrupts === 1 ? true : undefined), 'an interrupt');
    assert.deepEqual(
      ran.map(({ yes }) => yes),
      [false],
    );
  });

  test('says what is wrong with a quote, and runs nothing', async () => {
    keys.write('add room "Sales\r');
    assert.match((await seen('letterlock>')).at(-3) ?? '', /a quote is opened and not closed/);
    assert.deepEqual(ran, []);
  });

  test('runs lines that were pasted one after the other', async () => {
    keys.write('users\rrooms\rkeys\r');
    await until(async () => (ran.length === 3 ? true : undefined), 'three commands');
    assert.deepEqual(
      ran.map(({ line }) => line),
      ['users', 'rooms', 'keys'],
    );
  });

  test('says JSON with --json, in which nothing acts', async () => {
    outcome = async () => done({ name: '\u001b[2J' });
    keys.write('users --json\r');
    assert.ok((await seen('letterlock>')).includes('  "name": "\\u001b[2J"'));
  });

  test('completes at Tab, and says goodbye at Ctrl-D', async () => {
    keys.write('us\t');
    await seen('letterlock> users');
    keys.write('\u0015\u0004');
    await seen('The console is closed. The server goes on; Ctrl-C stops it.');
    log.write('the log goes on\n');
    await seen('the log goes on');
  });
});
