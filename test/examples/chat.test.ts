import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from '../../src/client/index.ts';
import { memoryPins } from '../../src/client/identity.ts';
import {
  type ServerProcess,
  newFolder,
  removeFolder,
  startServerProcess,
} from '../support/server-process.ts';
import { emailOf, passwordOf } from '../support/sealed-client.ts';
import { Terminal } from '../support/terminal.ts';

const program = path.join(import.meta.dirname, '..', '..', 'examples', 'chat', 'main.js');

describe('the chat for the terminal', () => {
  let server: ServerProcess;
  const folders: string[] = [];
  const terminals: Terminal[] = [];
  before(async () => {
    server = await startServerProcess(newFolder());
  });
  after(async () => {
    await Promise.all(terminals.map((each) => each.close()));
    await server.stop('SIGTERM');
    removeFolder(server.folder);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** A place for somebody's state file. */
  const newHome = (): string => {
    const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-home-'));
    folders.push(folder);
    return folder;
  };

  const start = (home: string): Terminal => {
    const terminal = new Terminal([process.execPath, program, server.url], {
      XDG_CONFIG_HOME: home,
      HOME: home,
    });
    terminals.push(terminal);
    return terminal;
  };

  /** Makes an account, and waits for the first room. */
  const newcomer = async (username: string, home = newHome()): Promise<Terminal> => {
    const terminal = start(home);
    await terminal.shows('or "new" for a new account');
    terminal.enter('new');
    await terminal.shows('Name: ');
    terminal.enter(username);
    await terminal.shows('Mail address');
    terminal.enter(emailOf(username));
    await terminal.shows('at least 10 characters: ');
    terminal.enter(passwordOf(username));
    await terminal.shows('The same again: ');
    terminal.enter(passwordOf(username));
    await terminal.shows('── Général ──');
    return terminal;
  };

  const comeBack = async (username: string, home: string): Promise<Terminal> => {
    const terminal = start(home);
    await terminal.shows(`Name [${username}]`);
    terminal.enter('');
    await terminal.shows('Password: ');
    terminal.enter(passwordOf(username));
    return terminal;
  };

  test('lets two talk, one of whom goes and comes back and sees what was said', async () => {
    const home = newHome();
    const ada = await newcomer('ada');
    const bert = await newcomer('bert', home);
    ada.enter('/create Werkstatt');
    await ada.shows('── Werkstatt ──');
    bert.enter('/join werkstatt');
    await bert.shows('── Werkstatt ──');
    await ada.shows('bert has joined');
    ada.type('hello');
    await bert.shows('ada is writing');
    ada.type(' bert\r');
    await bert.shows(/#1 ada hello bert/);
    bert.enter('hello ada');
    await ada.shows(/#2 bert hello ada/);
    ada.enter('/who');
    await ada.shows(/online: .*bert/);
    bert.enter('/quit');
    assert.equal(await bert.exited, 0);
    for (let count = 3; count <= 30; count++) ada.enter(`line ${count}`);
    await ada.shows(/#30 ada line 30/);
    ada.enter('/edit 30 the last line');
    await ada.shows('#30 of ada is now: the last line');
    ada.enter('/delete 29');
    await ada.shows('#29 of ada is deleted');
    const again = await comeBack('bert', home);
    await again.shows(/Werkstatt {2}28 unread/);
    again.enter('/join Werkstatt');
    await again.shows('older messages: /history');
    await again.shows(/#11 ada line 11/);
    await again.shows(/#29 ada \(deleted\)/);
    await again.shows(/#30 ada the last line \(edited\)/);
    again.enter('/history');
    await again.shows(/#1 ada hello bert/);
    await again.shows('from the beginning');
    again.enter('/rooms');
    await again.shows(/Werkstatt {2}\d of 2 online/);
    again.enter('/msg ada just you');
    await again.shows(/#1 bert just you/);
    await ada.shows('bert writes in @bert: /msg bert');
    ada.enter('/msg bert');
    await ada.shows(/#1 bert just you/);
    await again.shows('ada has read this');
    again.enter('/nonsense');
    await again.shows('there is no /nonsense');
    for (const name of ['ada', 'bert']) {
      for (const { output } of terminals)
        assert.ok(!output.includes(passwordOf(name)), 'a password was shown');
    }
  });

  test('shows what would act in the terminal, and does not do it', async () => {
    const carl = await newcomer('carl');
    const mallory = await connect({ url: server.url, pins: memoryPins() });
    await mallory.register({
      username: 'mallory',
      email: emailOf('mallory'),
      password: passwordOf('mallory'),
    });
    const { room } = await mallory.rooms.create({ room: 'Falle', kind: 'open' });
    carl.enter('/join Falle');
    await carl.shows('── Falle ──');
    const acting = [
      '\u001b]0;title\u0007',
      '\u001b[2J',
      '\u009b31m',
      '\u202egnp.exe',
      'a\rb',
      '\u0008\u0008',
      '\u2066x',
    ];
    await mallory.messages.send({ room, message: `${acting.join(' ')} end` });
    const shown = await carl.shows(/#1 mallory [^]* end/);
    assert.match(shown, /␛\]0;title␇ ␛\[2J ⟨U\+009B⟩31m ⟨U\+202E⟩gnp\.exe a\n {2}\| b ␈␈ ⟨U\+2066⟩x end/);
    await mallory.rooms.remove({ room, username: 'carl', reason: '\u001b[5mgo\u202e' });
    await carl.shows('you were removed from Falle: ␛[5mgo⟨U+202E⟩');
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    assert.doesNotMatch(carl.output, /[\u0007\u0008\u009b\u202e\u2066]|\u001b\]|\u001b\[2J|\u001b\[5m/);
  });

  test('survives a restart of the server, and says so', async () => {
    const dora = await newcomer('dora');
    dora.enter('/create Dauer');
    await dora.shows('── Dauer ──');
    const { port } = new URL(server.url);
    await server.stop('SIGTERM');
    await dora.shows('the connection is lost');
    server = await startServerProcess(server.folder, { LISTEN_HTTP: `http://127.0.0.1:${port}` });
    await dora.shows('connected again');
    dora.enter('still here');
    await dora.shows(/#1 dora still here/);
    dora.type('\u0004');
    assert.equal(await dora.exited, 0);
  });

  test('remembers the server, and refuses another in its place', async () => {
    const home = newHome();
    const emil = await newcomer('emil', home);
    emil.enter('/quit');
    assert.equal(await emil.exited, 0);
    const file = path.join(home, 'letterlock', 'chat.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const state = JSON.parse(readFileSync(file, 'utf8')) as Record<
      string,
      { identity: string; username: string }
    >;
    assert.equal(state[server.url]?.username, 'emil');
    assert.ok(!readFileSync(file, 'utf8').includes(passwordOf('emil')));
    writeFileSync(file, JSON.stringify({ [server.url]: { identity: 'somebody else' } }));
    const terminal = start(home);
    await terminal.shows('This is not the server you met before');
    assert.equal(await terminal.exited, 1);
  });
});
