import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { type Filled, change, databaseIn, fill, leaveMailWaiting } from '../support/filled-database.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { SealedClient, emailOf, passwordOf } from '../support/sealed-client.ts';
import {
  type ServerProcess,
  newFolder,
  removeFolder,
  startServerProcess,
} from '../support/server-process.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';
import { keepDataInFiles } from '../support/server-database.ts';

keepDataInFiles();

const readme = readFileSync(path.join(import.meta.dirname, '..', '..', '..', 'README.md'), 'utf8');

/** The commands of a block in the README's section, without their comments. */
function writtenSteps(block: number): string[] {
  const section = /\n## Backup and restore\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
  const blocks = [...section.matchAll(/```bash\n([\s\S]*?)```/g)].map(([, commands = '']) => commands);
  return (blocks[block] ?? '').split('\n').flatMap((line) => line.replace(/\s+#.*$/, '') || []);
}

/** A sentence, not a stack trace, and nothing but it. */
function refused({ code, stdout, stderr }: Ended, expected: RegExp): void {
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, expected);
  assert.doesNotMatch(stdout + stderr, /\n\s+at /);
  assert.equal(stdout, '');
}

describe('backup and restore with the program itself', () => {
  const folders: string[] = [];
  let origin: TestServer;
  let filled: Filled;
  /** Where the README's `/backups` and `/safe` are. */
  let store: string;
  let backup: string;

  function emptyFolder(): string {
    const made = newFolder();
    folders.push(made);
    return made;
  }

  /** A folder with the right keys and no data. */
  function folderWithKeys(): string {
    const folder = emptyFolder();
    cpSync(path.join(store, 'safe', 'keys'), path.join(folder, 'keys'), { recursive: true });
    return folder;
  }

  /** Does a step as it is written, but that the places are in a temporary folder and npm runs nothing else. */
  async function follow(step: string, folder: string): Promise<Ended | ServerProcess> {
    const command = step.replaceAll(/\/(backups|safe)\b/g, `${store}/$1`);
    const npm = /^npm run (\w+)(?: -- (.*))?$/.exec(command);
    if (npm !== null) return runProgram(folder, [npm[1] ?? '', ...(npm[2]?.split(' ') ?? [])]);
    if (command === 'npm start') return startServerProcess(folder);
    execFileSync('sh', ['-c', command], { cwd: folder });
    return { code: 0, stdout: '', stderr: '' };
  }

  before(async () => {
    origin = await startTestServer();
    filled = await fill(origin);
    leaveMailWaiting(origin.folder);
    const lost = await SealedClient.open(origin.url);
    await lost.must('/forgot_password', { email: emailOf('ada') });
    store = emptyFolder();
    for (const place of ['backups', 'safe']) mkdirSync(path.join(store, place));
    const [make = '', ...rest] = writtenSteps(0);
    const [, name = ''] = /^npm run admin -- backup \/(\S+)$/.exec(make) ?? [];
    backup = path.join(store, name);
    await origin.maintenance.backup(backup);
    for (const step of rest) await follow(step, origin.folder);
  });
  after(async () => {
    await origin.end();
    folders.forEach(removeFolder);
  });

  test('brings everything back on an empty folder, by the written steps, but nothing that was going on', async () => {
    const before = passing(backup);
    assert.equal(before.sessions, 2);
    assert.equal(before.session_keys, 2);
    assert.equal(before.codes, 1);
    assert.ok(before.idempotency > 0);
    const folder = emptyFolder();
    const steps = writtenSteps(1);
    assert.deepEqual(
      steps.map((step) => step.split(' ').slice(0, 3).join(' ')),
      ['cp -R /safe/keys', 'npm run restore', 'npm start'],
    );
    const [copyKeys = '', restore = '', start = ''] = steps;
    await follow(copyKeys, folder);
    const said = (await follow(restore, folder)) as Ended;
    assert.equal(said.code, 0, said.stderr);
    assert.match(
      said.stdout,
      /^Restored .*letterlock\.db \(\d+ bytes\): 2 users, 7 rooms, 6 messages, 5 entries/,
    );
    assert.match(said.stdout, new RegExp(`Ended: 2 sessions, 1 code .*, ${before.idempotency} answer`));
    assert.deepEqual(readdirSync(path.join(folder, 'data')).sort(), ['letterlock.db', 'letterlock.db.lock']);
    assert.deepEqual(passing(databaseIn(folder)), {
      sessions: 0,
      session_keys: 0,
      codes: 0,
      idempotency: 0,
      mails: 0,
    });

    const server = (await follow(start, folder)) as ServerProcess;
    const { ada, room, idem } = filled;
    const old = Object.assign(Object.create(SealedClient.prototype) as SealedClient, ada, {
      url: server.url,
    });
    await old.refused('session_unknown', '/me');
    const again = await SealedClient.open(server.url);
    await again.must('/login_user', { username: 'bert', password: passwordOf('bert') });
    assert.deepEqual(await textsIn(again, { room }), ['one', 'zwei', null, 'four']);
    assert.deepEqual(await textsIn(again, { with: 'ada' }), ['hello', 'hello yourself']);
    // The fourth message was sent under this idem: were its answer still kept, this would be refused.
    const fifth = await again.must('/send_message', { room, message: 'five' }, { idem });
    assert.equal(fifth['seq'], 5);
    const other = await SealedClient.open(server.url);
    await other.must('/login_user', { username: 'ada', password: passwordOf('ada') });
    const { message } = await other.must('/encrypt/bert', { message: 'for Bert' });
    assert.equal(
      (await again.must('/decrypt', { message }))['message'],
      'for Bert',
      'private keys are back too',
    );

    const verified = await runProgram(folder, ['verify', '--json']);
    assert.equal(verified.code, 0, verified.stdout);
    const report = JSON.parse(verified.stdout) as {
      ok: boolean;
      problems: string[];
      counts: { messages: number };
    };
    assert.equal(report.ok, true);
    assert.deepEqual(report.problems, []);
    assert.equal(report.counts.messages, 7);
    assert.equal(verified.stderr, '');
    refused(await runProgram(folder, ['restore', backup]), /There is a database .* already/);
    assert.equal(await server.stop('SIGTERM'), 0);
  });

  test('tells a program the same', async () => {
    const folder = folderWithKeys();
    const { code, stdout, stderr } = await runProgram(folder, ['restore', backup, '--json']);
    assert.equal(code, 0, stdout + stderr);
    const { idempotency, mails } = passing(backup);
    assert.ok(mails > 0);
    const told = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(told['ok'], true);
    assert.deepEqual(told['ended'], { sessions: 2, codes: 1, answers: idempotency, mails });
    assert.deepEqual(told['warnings'], []);
    const again = await runProgram(folder, ['restore', backup, '--json']);
    assert.equal(again.code, 1);
    assert.equal(again.stderr, '');
    assert.match(again.stdout, /^\{"ok":false,"error":"There is a database /);
  });

  test('takes no place that is taken, nor one where a part of an earlier database lies', async () => {
    for (const [name, expected] of [
      ['letterlock.db', /There is a database .*letterlock\.db already, and it was left as it is/],
      ['letterlock.db-wal', /There is .*letterlock\.db-wal, a part of an earlier database/],
      ['letterlock.db-shm', /There is .*letterlock\.db-shm, a part of an earlier database/],
    ] as const) {
      const folder = folderWithKeys();
      mkdirSync(path.join(folder, 'data'));
      writeFileSync(path.join(folder, 'data', name), 'of value');
      refused(await runProgram(folder, ['restore', backup]), expected);
      assert.deepEqual(readdirSync(path.join(folder, 'data')), [name]);
      assert.equal(readFileSync(path.join(folder, 'data', name), 'utf8'), 'of value');
    }
  });

  test('asks for the right master key, and makes none', async () => {
    const folder = emptyFolder();
    refused(
      await runProgram(folder, ['restore', backup]),
      /no master\.key in .* not in a backup: bring the folder keys\//,
    );
    assert.ok(!existsSync(path.join(folder, 'keys')));
    mkdirSync(path.join(folder, 'keys'));
    writeFileSync(path.join(folder, 'keys', 'master.key'), Buffer.alloc(32, 1));
    refused(
      await runProgram(folder, ['restore', backup]),
      /not the one that .* was written with.* bring the folder keys\//,
    );
    assertNothingIn(folder);
    writeFileSync(path.join(folder, 'keys', 'master.key'), 'short');
    refused(await runProgram(folder, ['restore', backup]), /has not 32 bytes/);
  });

  test('takes nothing but a whole backup of its own that it understands', async () => {
    const folder = folderWithKeys();
    const altered = (act: (database: SqliteDatabase) => void): string => {
      const file = path.join(emptyFolder(), 'altered.db');
      cpSync(backup, file);
      change(file, act);
      return file;
    };
    const run = (sql: string) => altered((database) => assert.ok(database.prepare(sql).run().changes > 0));
    const notOne = path.join(emptyFolder(), 'text.db');
    writeFileSync(
      notOne,
      'this is no database at all, but a text that is long enough to be looked at'.repeat(20),
    );
    const foreign = path.join(emptyFolder(), 'foreign.db');
    change(foreign, (database) => database.exec('CREATE TABLE recipes (title)'));
    const cases: [string, RegExp][] = [
      [path.join(folder, 'missing.db'), /There is no file .*missing\.db/],
      [folder, /cannot be read/],
      [notOne, /is no backup of Letterlock/],
      [foreign, /is no backup of Letterlock/],
      [
        run('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (1, 9e15)'),
        /made by a newer version/,
      ],
      [run('DELETE FROM messages WHERE seq = 1'), /is not whole: .*there is no message 1/],
      [
        run('UPDATE user_keys SET sealed_private_key = zeroblob(60)'),
        /is not whole: The private key .* does not open/,
      ],
    ];
    for (const [file, expected] of cases) {
      refused(await runProgram(folder, ['restore', file]), expected);
      assertNothingIn(folder);
    }
  });

  test('clears away what a restore left that was broken off', async () => {
    const folder = folderWithKeys();
    mkdirSync(path.join(folder, 'data'));
    for (const suffix of ['', '-journal']) {
      writeFileSync(path.join(folder, 'data', `letterlock.db.restoring${suffix}`), 'half of it');
    }
    rmSync(path.join(folder, 'keys', 'identity.pem'));
    const { code, stdout, stderr } = await runProgram(folder, ['restore', backup]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /There is no identity\.pem in /, 'what else will be missed');
    assert.deepEqual(readdirSync(path.join(folder, 'data')).sort(), ['letterlock.db', 'letterlock.db.lock']);
  });

  test('verifies a backup where it lies, and names what is wrong', async () => {
    const folder = folderWithKeys();
    const file = path.join(emptyFolder(), 'copy.db');
    cpSync(backup, file);
    const environment = { DATABASE_URL: `sqlite:${file}` };
    const whole = await runProgram(folder, ['verify'], environment);
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(
      whole.stdout,
      /2 users, 7 rooms, 6 messages, 4 entries in the audit log\.\nEverything is whole\.\n$/,
    );
    change(file, (database) => {
      database.exec("UPDATE audit SET target = 'nobody' WHERE seq = 2; DELETE FROM messages WHERE seq = 4");
    });
    const damaged = await runProgram(folder, ['verify'], environment);
    assert.equal(damaged.code, 1);
    assert.match(
      damaged.stdout,
      /\n2 problems:\n {2}In the room "Werkstatt", there is no message 4, the last of the room\.\n {2}Entry 2 of the audit log is not as it was written\.\n$/,
    );
    rmSync(path.join(folder, 'keys'), { recursive: true });
    const keyless = await runProgram(folder, ['verify', '--json'], environment);
    assert.equal(keyless.code, 1);
    const { problems } = JSON.parse(keyless.stdout) as { problems: string[] };
    assert.match(problems[0] ?? '', /There is no master\.key in .* Nothing sealed was opened/);
    assert.ok(!existsSync(path.join(folder, 'keys')), 'and none was made');
    refused(await runProgram(folder, ['verify']), /There is no database/);
  });

  test('says how it is used', async () => {
    const folder = folderWithKeys();
    for (const words of [
      ['restore'],
      ['restore', ''],
      ['restore', 'one', 'two'],
      ['restore', backup, '--force'],
      ['verify', 'something'],
    ]) {
      const { code, stdout, stderr } = await runProgram(folder, words);
      assert.equal(code, 2, words.join(' '));
      assert.match(stderr, new RegExp(`^letterlock: usage: letterlock ${words[0]} `));
      assert.equal(stdout, '');
    }
    const { code, stderr } = await runProgram(folder, ['verify'], { DATABASE_URL: 'nonsense:' });
    assert.equal(code, 1);
    assert.match(stderr, /DATABASE_URL/);
    assertNothingIn(folder);
  });
});

/** How much there is of what must not live twice. */
function passing(
  file: string,
): Record<'sessions' | 'session_keys' | 'codes' | 'idempotency' | 'mails', number> {
  const database = new SqliteDatabase(file, { readonly: true });
  const count = (rows: string): number =>
    database.prepare<[], number>(`SELECT count(*) FROM ${rows}`).pluck().get() ?? 0;
  try {
    return {
      sessions: count('sessions'),
      session_keys: count('session_keys'),
      codes: count('codes'),
      idempotency: count('idempotency'),
      mails: count("mails WHERE settled_at IS NULL AND kind = 'recovery_code'"),
    };
  } finally {
    database.close();
  }
}

function assertNothingIn(folder: string): void {
  const data = path.join(folder, 'data');
  const files = existsSync(data) ? readdirSync(data).filter((file) => !file.endsWith('.lock')) : [];
  assert.deepEqual(files, []);
}

async function textsIn(client: SealedClient, place: object): Promise<(string | null)[]> {
  const { messages } = await client.must('/list_messages', place);
  return (messages as unknown as { message: string | null }[]).map(({ message }) => message);
}
