import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { splitLine } from '../../src/admin/words.ts';
import { createAdminConsole, type AdminConsole } from '../../src/admin/admin-console.ts';
import { createLogger } from '../../src/logger.ts';
import { registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

let server: TestServer;
let adminConsole: AdminConsole;
before(async () => {
  server = await startTestServer();
  adminConsole = server.admin.console;
  const ada = await registered(server.url, 'ada');
  await registered(server.url, 'adam');
  await registered(server.url, 'ivan');
  await server.core.addRooms('console', ['Sales, EU']);
  for (const room of ['Comptabilité', 'Marketing', 'Sales, EU']) await ada.must('/join_room', { room });
});
after(() => server.end());

const run = (line: string) => adminConsole.run(splitLine(line), { yes: false, folder: server.folder });

describe('a wrong line', () => {
  const lines: [string, string, RegExp][] = [
    ['', 'help', /no command/],
    ['bna ada rude', 'ban <username> <reason>', /no command "bna ada"/],
    ['usres', 'users', /no command/],
    ['unban-ip 192.0.2.1', 'unban ip <ip>', /no command/],
    ['add rooms a', 'add room <room1,room2,...>', /no command/],
    ['pending ada', 'pending rooms <username>', /no command/],
    ['frobnicate', 'help', /no command/],
    ['users ada', 'users', /"ada" is too much/],
    ['messages', 'messages <time>', /<time> is missing/],
    ['messages 5', 'messages <time>', /30s, 10m, 2h, 7d or 1y/],
    ['messages 0s', 'messages <time>', /no time/],
    ['messages 101y', 'messages <time>', /no time/],
    ['kick ada', 'kick <username> <timeout> <reason>', /<timeout> is missing/],
    ['kick ada rude 10m', 'kick <username> <timeout> <reason>', /"rude" is no time/],
    ['kick ada 10m', 'kick <username> <timeout> <reason>', /<reason> is missing/],
    ['kick ada 10m ""', 'kick <username> <timeout> <reason>', /reason is missing/],
    [`ban ada ${'x'.repeat(301)}`, 'ban <username> <reason>', /at most 300/],
    ['ban ada "\u001b[2J"', 'ban <username> <reason>', /cannot be shown/],
    ['ban "a b" rude', 'ban <username> <reason>', /nobody's name/],
    ['ban ip 192.0.2.300 rude', 'ban ip <ip> <reason>', /neither an address nor a range/],
    ['ban ip 192.0.2.0/33 rude', 'ban ip <ip> <reason>', /neither/],
    ['kick ip 192.0.2.1 rude', 'kick ip <ip> <timeout> <reason>', /no time/],
    ['add room Sales team', 'add room <room1,room2,...>', /commas.*quotes/],
    ['add room a,,b', 'add room <room1,room2,...>', /commas/],
    ['add room a,A', 'add room <room1,room2,...>', /twice/],
    ['add room "\u202eevil"', 'add room <room1,room2,...>', /cannot be a room's name/],
    ['audit 0', 'audit [entries]', /1 to 1000/],
    ['audit x', 'audit [entries]', /1 to 1000/],
    ['keys rotato', 'keys', /"rotato" is too much/],
    ['undo all', 'undo', /too much/],
    ['shutdown now', 'shutdown', /too much/],
  ];
  for (const [line, usage, problem] of lines) {
    test(`says what is right: ${line.slice(0, 40)}`, async () => {
      const before = await state();
      const outcome = await run(line);
      assert.equal(outcome.result, 'wrong', JSON.stringify(outcome));
      const { message, usage: said } = outcome.data as { message: string; usage: string };
      assert.match(message, problem);
      assert.equal(said, usage);
      assert.deepEqual(await state(), before);
    });
  }

  async function state() {
    const last = await server.store.read.audit.last();
    return { audit: last?.seq, rooms: (await server.store.read.rooms.listed()).length };
  }
});

describe('a user whose name is a word of a command', () => {
  test('is meant when the name is in quotes', async () => {
    const outcome = await run('ban "ip" 192.0.2.1');
    assert.deepEqual(
      [outcome.result, outcome.data],
      ['failed', { error: 'user_unknown', message: 'No such user' }],
    );
  });
});

describe('a command that fails for a reason of the server', () => {
  test('says no more than that, and the log says why', async () => {
    const lines: string[] = [];
    const logger = createLogger({
      level: 'error',
      pretty: false,
      sink: { write: (line) => lines.push(line) },
    });
    const broken = createAdminConsole({
      ...server,
      store: server.store,
      clock: { now: () => Date.now() },
      atRest: undefined as never,
      requestStop: () => {},
      maintenance: {
        ...server.maintenance,
        keyUse: () => Promise.reject(new Error('the disk is on fire')),
      },
      logger,
    });
    const outcome = await broken.run(splitLine('keys'), { yes: false, folder: '' });
    assert.equal(outcome.result, 'failed');
    assert.doesNotMatch(JSON.stringify(outcome), /fire/);
    assert.match(lines.join(''), /the disk is on fire/);
  });
});

describe('Tab', () => {
  const offers: [string, string, string[]][] = [
    ['us', 'us', ['users ']],
    ['sh', 'sh', ['shutdown ']],
    ['shutdown', 'shutdown', ['shutdown']],
    ['acc', 'acc', ['accept pending ']],
    ['keys', 'keys', ['keys', 'keys rotate ']],
    ['kick ', 'kick ', ['kick ip ', 'kick ada ', 'kick adam ', 'kick ivan ']],
    ['ban i', 'ban i', ['ban ip ', 'ban ivan ']],
    ['unban AD', 'AD', ['ada ', 'adam ']],
    ['ban adam', 'adam', ['adam ']],
    ['ban ada ', '', []],
    ['accept pending a', 'a', ['ada ', 'adam ']],
    ['accept pending ada ', '', ['Comptabilité', 'Marketing', '"Sales, EU"']],
    ['accept pending ada com', 'com', ['Comptabilité']],
    ['accept pending ada Marketing,s', 's', ['"Sales, EU"']],
    ['accept pending ada Marketing, "sal', '"sal', ['"Sales, EU"']],
    ['accept pending ada "Sales, E', '"Sales, E', ['"Sales, EU"']],
    ['accept pending nobody ', '', []],
    ['nonsense ', 'nonsense ', []],
  ];
  for (const [line, replaces, candidates] of offers) {
    test(`completes: ${line}|`, async () => {
      const found = await adminConsole.complete(line);
      assert.deepEqual([...found.candidates].sort(), [...candidates].sort());
      if (candidates.length > 0) assert.equal(found.replaces, replaces);
    });
  }
});
