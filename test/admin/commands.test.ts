import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { EventReader } from '../support/event-reader.ts';
import { type SealedClient, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../support/test-server.ts';
import { admin, done, json, refused } from './admin-shell.ts';

/** The commands that were promised, word for word. */
const promised = `
help - display this help message
messages <time> - display a list of all messages since a time
users - display a list of all users
rooms - display a list of all rooms
add room <room1,room2,...> - add a room
pending rooms <username> - display a list of pending rooms for a user
accept pending <username> <room1,room2,...> - accept pending rooms for a user
kick <username> <timeout> <reason> - kick a user
unkick <username> - unkick a user
ban <username> <reason> - ban a user
ban ip <ip> <reason> - ban an IP address
unban <username> - unban a user
unban ip <ip> - unban an IP address
kill <username> <reason> - kill a user
shutdown - shutdown the server`.trim();

let server: TestServer;
let folder: string;
let ada: SealedClient;
let bert: SealedClient;
before(async () => {
  server = await startTestServer();
  folder = server.folder;
  [ada, bert] = await Promise.all([registered(server.url, 'ada'), registered(server.url, 'bert')]);
});
after(() => server.end());

/** The names of what a command lists. */
const list = (value: unknown): Record<string, unknown>[] => value as Record<string, unknown>[];

describe('looking', () => {
  test('help shows the commands word for word, in that order', async () => {
    const rows = (await done(folder, 'help')).split('\n').slice(1, -1);
    const shown = rows.map((row) => row.replace(/ {2,}/, ' - '));
    assert.deepEqual(shown.slice(0, promised.split('\n').length), promised.split('\n'));
    const names = new Set(list(await json(folder, 'help')).map(({ name }) => name));
    const others = ['kick ip', 'unkick ip', 'op', 'deop', 'audit', 'undo', 'keys', 'sessions'];
    for (const name of [...others, 'stats', 'backup', 'notice']) assert.ok(names.has(name), name);
  });

  test('users lists everybody, with who is online and who is kept out', async () => {
    const events = await EventReader.open(ada);
    await done(folder, 'kick', 'bert', '1h', 'being', 'rude');
    const { users } = await json(folder, 'users');
    const [first, second] = list(users);
    assert.deepEqual([first?.['name'], first?.['online'], first?.['keptOut']], ['ada', true, null]);
    assert.equal(second?.['online'], false);
    assert.equal(second?.['keptOut'] && Reflect.get(second['keptOut'], 'reason'), 'being rude');
    assert.match(
      await done(folder, 'users'),
      /bert +user +\S+ \S+ +kick until \S+ \S+: being rude\n2 users, 1 online/,
    );
    await done(folder, 'unkick', 'bert');
    events.close();
  });

  test('messages opens what was said since a time, and lets nothing in it act', async () => {
    const nasty = 'hi\u001b[2J\u202eolleh\nforged line\u0007';
    const room = String((await ada.must('/create_room', { room: 'Werkstatt', kind: 'open' }))['room']);
    await ada.must('/send_message', { room, message: nasty });
    await bert.must('/send_message', { to: 'ada', message: 'between us' });
    const { room: direct, seq } = await bert.must('/send_message', { to: 'ada', message: 'never mind' });
    await bert.must('/delete_message', { room: direct, seq });
    const text = await done(folder, 'messages', '1h');
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    assert.match(text, /Werkstatt +ada +hi\\u001b\[2J\\u202eolleh\\nforged line\\u0007\n/);
    assert.match(text, /(ada \+ bert|bert \+ ada) +bert +between us\n/);
    assert.match(text, /bert +\(deleted\)\n3 messages\n$/);
    const { messages } = await json(folder, 'messages', '1h');
    assert.deepEqual(
      list(messages).map(({ text }) => text),
      [nasty, 'between us', null],
    );
  });

  test('messages shortens a long text, and says when there are more than it shows', async () => {
    const room = String((await ada.must('/create_room', { room: 'Lang', kind: 'open' }))['room']);
    await ada.must('/send_message', { room, message: 'y'.repeat(5000) });
    assert.match(await done(folder, 'messages', '1h'), / y{1000}… \(5000 characters\)\n/);
  });

  test('sessions lists where a user is logged in', async () => {
    const [session] = list(await json(folder, 'sessions', 'ADA'));
    assert.equal(session?.['address'], '127.0.0.1');
    assert.deepEqual((await refused(folder, 'sessions', 'nobody'))['error'], 'user_unknown');
  });

  test('stats counts what there is', async () => {
    const stats = await json(folder, 'stats');
    assert.equal(stats['users'], 2);
    assert.equal(typeof stats['messages'], 'number');
    assert.match(await done(folder, 'stats'), /users +2\n/);
  });
});

describe('rooms', () => {
  test('are added all or none, by approval, and listed', async () => {
    assert.match(await done(folder, 'add', 'room', '"Sales, EU",Ops'), /Sales, EU, Ops/);
    const shown = list((await json(folder, 'rooms'))['rooms']);
    assert.equal(shown.find(({ room }) => room === 'Sales, EU')?.['kind'], 'approval');
    assert.equal((await refused(folder, 'add', 'room', 'New,OPS'))['error'], 'room_taken');
    const after = list((await json(folder, 'rooms'))['rooms']);
    assert.deepEqual(after.length, shown.length, 'the one that was free was not added either');
  });

  test('are taken back with undo as long as nobody uses them', async () => {
    await done(folder, 'add', 'room', 'Mistake');
    assert.match(await done(folder, 'undo'), /Taken back: add room Mistake/);
    const rooms = list((await json(folder, 'rooms'))['rooms']);
    assert.equal(
      rooms.find(({ room }) => room === 'Mistake'),
      undefined,
    );
  });

  test('that a user waits for are listed, and opened for them, who hears of it', async () => {
    for (const room of ['Comptabilité', 'Marketing']) await bert.must('/join_room', { room });
    const events = await EventReader.open(bert);
    const pending = list(await json(folder, 'pending', 'rooms', 'bert'));
    assert.deepEqual(new Set(pending.map(({ room }) => room)), new Set(['Comptabilité', 'Marketing']));
    const half = await refused(folder, 'accept', 'pending', 'bert', 'Marketing,Informatique');
    assert.match(String(half['message']), /bert has not asked to join Informatique/);
    assert.equal(list(await json(folder, 'pending', 'rooms', 'bert')).length, 2, 'all or none');
    await done(folder, 'accept', 'pending', 'bert', 'marketing, Comptabilité');
    await events.next('room_changed', (event) => String(event['state']) === 'member');
    await events.next('room_changed', (event) => String(event['state']) === 'member');
    assert.deepEqual(await json(folder, 'pending', 'rooms', 'bert'), []);
    await bert.must('/send_message', { room: 'Marketing', message: 'I am in' });
    events.close();
  });
});

describe('moderation', () => {
  test('kick ends an open stream, keeps out, and shows the reason; unkick lets in', async () => {
    const events = await EventReader.open(bert);
    const { ended } = await json(folder, 'kick', 'bert', '10m', "it's enough");
    assert.equal(ended, 1);
    const told = await events.next('kicked');
    await events.ended;
    assert.equal(String(told['reason']), "it's enough");
    const answer = await bert.refused('kicked', '/me');
    assert.equal(String(answer.body['reason']), "it's enough");
    await done(folder, 'unkick', 'bert');
    await bert.must('/me');
    assert.equal((await refused(folder, 'unkick', 'bert'))['error'], 'not_found');
  });

  test('ban keeps out until undo or unban', async () => {
    await done(folder, 'ban', 'bert', 'spam');
    await bert.refused('banned', '/me');
    assert.match(await done(folder, 'undo'), /Taken back: ban bert/);
    await bert.must('/me');
    await done(folder, 'ban', 'bert', 'spam again');
    await done(folder, 'unban', 'bert');
    await bert.must('/me');
    await done(folder, 'undo');
    await bert.refused('banned', '/me');
    await done(folder, 'unban', 'bert');
  });

  test('kill ends connections now, and the user may come back', async () => {
    const events = await EventReader.open(bert);
    assert.match(await done(folder, 'kill', 'bert', 'sorry'), /1 connection ended/);
    assert.equal(String((await events.next('killed'))['reason']), 'sorry');
    await events.ended;
    await bert.must('/me');
  });

  test('ban ip says whom it hits, does nothing without --yes, and ends streams with it', async () => {
    const before = await server.store.read.audit.last();
    const question = await refused(folder, 'ban', 'ip', '127.0.0.1', 'rude');
    assert.equal(question['error'], 'confirmation_needed');
    assert.deepEqual([...(question['seen'] as unknown as string[])].sort(), ['ada', 'bert']);
    const { stderr } = await admin(folder, 'ban', 'ip', '0.0.0.0/0', 'rude');
    assert.match(stderr, /2 accounts seen at 0\.0\.0\.0\/0 in the last week: (ada, bert|bert, ada)\./);
    assert.match(stderr, /every address there is[^]*This machine itself[^]*say --yes/);
    assert.deepEqual(await server.store.read.audit.last(), before, 'nothing was done');
    await bert.must('/me');
    const events = await EventReader.open(bert);
    await done(folder, 'ban', 'ip', '127.0.0.0/8', 'rude', '--yes');
    await events.next('banned');
    await events.ended;
    await bert.refused('banned', '/me');
    await done(folder, 'unban', 'ip', '127.0.0.0/8');
    await bert.must('/me');
  });

  test('ban ip names twenty of those it hits, and counts the others', async () => {
    const crowd = Array.from({ length: 21 }, (_, at) => `guest${at}`);
    await Promise.all(crowd.map((name) => registered(server.url, name)));
    const question = await refused(folder, 'ban', 'ip', '127.0.0.1', 'rude');
    assert.deepEqual([list(question['seen']).length, Number(question['more'])], [20, 3]);
    const { stderr } = await admin(folder, 'ban', 'ip', '127.0.0.1', 'rude');
    assert.match(stderr, /^23 accounts seen at 127\.0\.0\.1 in the last week: (\w+, ){20}and 3 others\./);
  });

  test('kick ip has an end, and is lifted by unkick ip', async () => {
    assert.equal(
      (await refused(folder, 'kick', 'ip', '192.0.2.1', '1h', 'x'))['error'],
      'confirmation_needed',
    );
    const { until: end } = await json(folder, '--yes', 'kick', 'ip', '127.0.0.1', '1h', 'cool down');
    const left = Date.parse(String(end)) - Date.now();
    assert.ok(left > 3_500_000 && left <= 3_600_000);
    await bert.refused('kicked', '/me');
    await done(folder, 'unkick', 'ip', '127.0.0.1');
    await bert.must('/me');
  });

  test('op and deop change the role', async () => {
    await done(folder, 'op', 'bert');
    assert.equal(await roleOf('bert'), 'admin');
    assert.match(String((await refused(folder, 'op', 'bert'))['message']), /admin already/);
    await done(folder, 'deop', 'bert');
    assert.equal(await roleOf('bert'), 'user');
  });

  async function roleOf(user: string): Promise<unknown> {
    return list((await json(folder, 'users'))['users']).find(({ name }) => name === user)?.['role'];
  }

  test('notice reaches everybody who is connected', async () => {
    const readers = await Promise.all([EventReader.open(ada), EventReader.open(bert)]);
    assert.match(await done(folder, 'notice', 'back', 'in five minutes'), /2 connections/);
    for (const reader of readers) {
      assert.equal(String((await reader.next('notice'))['message']), 'back in five minutes');
      reader.close();
    }
  });
});

describe('keys and copies', () => {
  test('keys shows what hangs on each, and rotation moves all of it', async () => {
    const [only] = list((await json(folder, 'keys'))['keys']);
    assert.ok(Number(only?.['messages']) > 0);
    assert.match(await done(folder, 'keys', 'rotate'), /Key 2 seals/);
    const moved = await until(async () => {
      const { keys } = await json(folder, 'keys');
      const [old, next] = list(keys);
      return old?.['messages'] === 0 && old['retired'] !== null ? next : undefined;
    }, 'a key that nothing hangs on');
    assert.equal(moved?.['messages'], only?.['messages']);
    assert.match(await done(folder, 'messages', '1h'), /between us/);
  });

  test('backup writes a copy where the caller is, once', async () => {
    const report = await json(folder, 'backup', 'copy.db');
    const file = path.join(folder, 'copy.db');
    assert.equal(String(report['file']), file);
    const copy = new SqliteDatabase(file, { readonly: true });
    assert.deepEqual(copy.prepare('SELECT count(*) AS users FROM users').get(), { users: 23 });
    copy.close();
    assert.match(String((await refused(folder, 'backup', 'copy.db'))['message']), /already/);
    assert.ok(!existsSync(path.join(folder, 'data', 'copy.db')));
  });
});

describe('the audit log', () => {
  test('has whatever changed something, by the console, and is whole', async () => {
    const audit = await json(folder, 'audit', '1000');
    assert.equal(audit['whole'], true);
    const entries = list(audit['entries']);
    const actions = new Set(entries.map(({ action }) => action));
    for (const action of [
      ...['add room', 'accept pending', 'kick', 'unkick', 'ban', 'unban', 'kill', 'ban ip', 'unban ip'],
      ...['kick ip', 'unkick ip', 'op', 'deop', 'notice', 'keys rotate', 'backup', 'undo'],
    ]) {
      assert.ok(actions.has(action), action);
    }
    assert.deepEqual(new Set(entries.map(({ actor }) => actor)), new Set(['console']));
    assert.match(await done(folder, 'audit'), /; the chain is whole\.\n$/);
    assert.equal(list((await json(folder, 'audit', '3'))['entries']).length, 3);
  });

  test('says where it was changed behind the back of the server', async () => {
    const database = new SqliteDatabase(path.join(folder, 'data', 'letterlock.db'));
    database.prepare("UPDATE audit SET target = 'nobody' WHERE seq = 2").run();
    database.close();
    const { code, stderr } = await admin(folder, 'audit');
    assert.equal(code, 1);
    assert.match(stderr, /Entry 2 does not fit/);
    const told = await refused(folder, 'audit');
    assert.equal(told['first_broken'], 2);
  });
});

describe('a command from a shell', () => {
  test('exits with 2 for a wrong line, with the usage, and changes nothing', async () => {
    const { code, stdout, stderr } = await admin(folder, 'kick', 'ada', 'rude');
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(
      stderr,
      '"rude" is no time: 30s, 10m, 2h, 7d or 1y\nusage: kick <username> <timeout> <reason>\n',
    );
    const wrong = await admin(folder, 'bna', '--json');
    assert.equal(wrong.code, 2);
    assert.equal((JSON.parse(wrong.stdout) as { usage: string }).usage, 'ban <username> <reason>');
    assert.equal((await admin(folder)).code, 2);
  });

  test('says so when no server is there', async () => {
    const { code, stderr } = await admin(path.join(folder, 'keys'), 'users');
    assert.equal(code, 1);
    assert.match(stderr, /^No server answers at .*data\/admin\.sock: is it running/);
  });
});
