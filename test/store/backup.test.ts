import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { MaintenanceError } from '../../src/core/maintenance.ts';
import { newId } from '../../src/core/random.ts';
import { pooledRandomBytes } from '../../src/crypto/random-pool.ts';
import { type Filled, change, databaseIn, fill } from '../support/filled-database.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

const folders: string[] = [];
after(() => folders.forEach(removeFolder));

function emptyFolder(): string {
  const made = newFolder();
  folders.push(made);
  return made;
}

const saying = (expected: RegExp) => (error: unknown) =>
  error instanceof MaintenanceError && expected.test(error.message);

describe('a backup', () => {
  let server: TestServer;
  let filled: Filled;
  before(async () => {
    server = await startTestServer();
    filled = await fill(server);
  });
  after(() => server.end());

  test('made in a storm of writes is of one moment, whole, and in nobody’s way', async () => {
    const writers = 16;
    const userId = await idOf(server, 'ada');
    const rooms = Array.from({ length: 2 }, () => newId(pooledRandomBytes));
    for (const id of rooms) {
      await server.store.transact('createRoom', {
        now: Date.now(),
        claim: null,
        userId,
        room: { id, name: id, nameKey: id, kind: 'open', openHistory: true, joinedByAll: false },
      });
    }
    const acknowledged: { roomId: string; seq: number }[] = [];
    let stop = false;
    // Each writer goes from the first room to the second and back: at any moment they are at most one apart.
    const storm = Array.from({ length: writers }, async (_, writer) => {
      for (let sent = 0; !stop || sent % 2 === 1; sent++) {
        const roomId = rooms[sent % 2] ?? '';
        const { seq } = await server.store.transact('sendMessage', {
          now: writer,
          claim: null,
          userId,
          to: { kind: 'room', room: { id: roomId, nameKey: '' } },
          text: `${sent}`,
        });
        acknowledged.push({ roomId, seq });
      }
    });
    while (acknowledged.length < 300) await new Promise((resolve) => setImmediate(resolve));
    const before = [...acknowledged];
    const file = path.join(emptyFolder(), 'storm.db');
    const report = await server.maintenance.backup(file);
    const during = acknowledged.length - before.length;
    stop = true;
    await Promise.all(storm);
    assert.ok(during > 0, 'writes went on meanwhile');

    const copy = new SqliteDatabase(file, { readonly: true });
    const seqsOf = copy
      .prepare<[string], number>('SELECT seq FROM messages WHERE room_id = ? ORDER BY seq')
      .pluck();
    const stored = new Map(rooms.map((id) => [id, seqsOf.all(id)]));
    for (const [id, seqs] of stored) {
      assert.deepEqual(
        seqs,
        Array.from(seqs, (_, at) => at + 1),
        'no gap, no repeat',
      );
      const lastSeq = copy
        .prepare<[string], number>('SELECT last_seq FROM rooms WHERE id = ?')
        .pluck()
        .get(id);
      assert.equal(lastSeq, seqs.length);
    }
    for (const { roomId, seq } of before)
      assert.ok((stored.get(roomId)?.length ?? 0) >= seq, 'what was acknowledged');
    const sentBy = copy
      .prepare<[string, number], number>('SELECT count(*) FROM messages WHERE room_id = ? AND sent_at = ?')
      .pluck();
    for (let writer = 0; writer < writers; writer++) {
      const ahead = (sentBy.get(rooms[0] ?? '', writer) ?? 0) - (sentBy.get(rooms[1] ?? '', writer) ?? 0);
      assert.ok(ahead === 0 || ahead === 1, `writer ${writer} is ${ahead} ahead in the first room`);
    }
    const total = copy.prepare<[], number>('SELECT count(*) FROM messages').pluck().get();
    copy.close();
    assert.equal(report.counts.messages, total);
    assert.ok(
      total! < (await server.maintenance.count()).messages,
      'of a moment before the end of the storm',
    );
  });

  test('is for its owner only, one file, and says what is in it', async () => {
    const folder = emptyFolder();
    const file = path.join(folder, 'one.db');
    const began = Date.now();
    const report = await server.maintenance.backup(file);
    assert.deepEqual(readdirSync(folder), ['one.db']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(report.file, file);
    assert.equal(report.bytes, statSync(file).size);
    assert.ok(report.at >= began && report.at <= Date.now());
    assert.deepEqual(report.counts, await server.maintenance.count());
    assert.equal(report.counts.users, 2);
  });

  test('overwrites nothing, and says so', async () => {
    const folder = emptyFolder();
    const file = path.join(folder, 'there.db');
    writeFileSync(file, 'something of value');
    await assert.rejects(server.maintenance.backup(file), saying(/There is a file .*there\.db already/));
    assert.equal(readFileSync(file, 'utf8'), 'something of value');
    mkdirSync(path.join(folder, 'folder.db'));
    await assert.rejects(
      server.maintenance.backup(path.join(folder, 'folder.db')),
      saying(/There is a file/),
    );
    assert.deepEqual(readdirSync(folder).sort(), ['folder.db', 'there.db']);
    const own = databaseIn(server.folder);
    for (const suffix of ['', '-wal', '-journal', '.lock']) {
      await assert.rejects(server.maintenance.backup(own + suffix), saying(/belongs to the database/));
    }
  });

  test('says where it cannot be written', async () => {
    const missing = path.join(emptyFolder(), 'missing', 'x.db');
    await assert.rejects(server.maintenance.backup(missing), saying(/folder for .* is not there/));
    const long = path.join(emptyFolder(), 'x'.repeat(250));
    await assert.rejects(server.maintenance.backup(long), saying(/name of .* is too long/));
  });

  test('is made one at a time', async () => {
    const folder = emptyFolder();
    const first = server.maintenance.backup(path.join(folder, 'first.db'));
    await assert.rejects(server.maintenance.backup(path.join(folder, 'second.db')), saying(/Another backup/));
    await first;
    await server.maintenance.backup(path.join(folder, 'third.db'));
    assert.deepEqual(readdirSync(folder).sort(), ['first.db', 'third.db']);
  });

  test('of a database that is not whole is not kept', async () => {
    const own = await startTestServer();
    const { room } = await fill(own);
    change(databaseIn(own.folder), (database) => {
      database
        .prepare('UPDATE messages SET sealed_body = zeroblob(60) WHERE room_id = ? AND seq = 1')
        .run(room);
    });
    const folder = emptyFolder();
    await assert.rejects(
      own.maintenance.backup(path.join(folder, 'x.db')),
      saying(/not whole and was removed.* Message 1 of the room "Werkstatt" does not open/),
    );
    assert.deepEqual(readdirSync(folder), []);
    await own.end();
  });

  test('that a stop breaks off leaves nothing behind', async () => {
    const own = await startTestServer();
    await fill(own);
    const folder = emptyFolder();
    const file = path.join(folder, 'x.db');
    const made = own.maintenance.backup(file).then(
      () => true,
      (error: unknown) => {
        assert.ok(saying(/stopping/)(error), String(error));
        return false;
      },
    );
    await own.stop();
    assert.deepEqual(readdirSync(folder), (await made) ? ['x.db'] : []);
    await assert.rejects(own.maintenance.backup(file), saying(/stopping/));
    await assert.rejects(own.maintenance.count(), saying(/stopping/));
    assert.ok(!existsSync(`${databaseIn(own.folder)}-wal`), 'the log was folded in');
    removeFolder(own.folder);
  });

  test('is counted beside: what hangs on each data key', async () => {
    const uses = await server.maintenance.keyUse();
    assert.deepEqual(
      uses.map(({ version, retiredAt }) => [version, retiredAt]),
      [
        [1, null],
        [2, null],
      ],
    );
    assert.equal(uses[0]?.messages, 4, 'those before the rotation, but for the deleted one');
    const { messages } = await server.maintenance.count();
    assert.equal((uses[1]?.messages ?? 0) + 5, messages);
    await filled.ada.must('/send_message', { room: filled.room, message: 'under the second' });
    const after = await server.maintenance.keyUse();
    assert.equal(after[1]?.messages, (uses[1]?.messages ?? 0) + 1);
  });
});

async function idOf(server: TestServer, usernameKey: string): Promise<string> {
  const user = await server.store.read.users.byUsernameKey(usernameKey);
  assert.ok(user);
  return user.id;
}
