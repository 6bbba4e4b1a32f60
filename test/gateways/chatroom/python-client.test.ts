import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import { test } from 'node:test';
import { passwordOf, registered } from '../../support/sealed-client.ts';
import { startChatroomServer } from './people.ts';

const program = path.join(import.meta.dirname, '..', '..', '..', '..', 'test/gateways/chatroom/client.py');

/** A client written in another language, so that our own misreading of bytes cannot agree with itself. */
class PythonClient {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(url: string, user: string, mode: 'register' | 'login' | 'guest') {
    const { hostname, port } = new URL(url);
    this.child = spawn('python3', [program, hostname, port, user, passwordOf(user), mode], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const reader: Interface = createInterface({ input: this.child.stdout! });
    this.lines = reader[Symbol.asyncIterator]();
  }

  tell(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async hears(expected: object | null): Promise<void> {
    const { value, done } = await this.lines.next();
    assert.notEqual(done, true, 'it ended');
    assert.deepEqual(JSON.parse(value as string), expected);
  }

  async ends(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.stdin!.end();
    assert.deepEqual(await exited, [0, null]);
  }
}

test('a client in Python registers, logs in, talks, and shares its account with the sealed API', async () => {
  const { server, clock, url } = await startChatroomServer();
  try {
    const pia = new PythonClient(url, 'Pia', 'register');
    await pia.hears({ type: 'entered' });
    clock.advance(200);
    const sealed = await registered(server.url, 'Quinn');
    await sealed.must('/send_message', { room: 'Général', message: 'ça va ? 😀' });
    await pia.hears({ type: 'message', from: 'Quinn', message: 'ça va ? 😀' });
    const gus = new PythonClient(url, 'Gus', 'guest');
    await gus.hears({ type: 'entered' });
    await pia.hears({ type: 'user_notification', user: 'Gus', status: 'true' });
    gus.tell('typing true');
    await pia.hears({ type: 'typing', user: 'Gus', status: 'true' });
    gus.tell('say “quotes” {and} braces');
    for (const each of [pia, gus]) {
      await each.hears({ type: 'message', from: 'Gus', message: '“quotes” {and} braces' });
      await each.hears({ type: 'typing', user: 'Gus', status: 'false' });
    }
    gus.tell('users false');
    await gus.hears({ type: 'userlist', users: ['Quinn'], onlinetype: 'false' });
    gus.tell('quit');
    await gus.hears(null);
    await gus.ends();
    await pia.hears({ type: 'user_notification', user: 'Gus', status: 'false' });
    pia.tell('quit');
    await pia.hears(null);
    await pia.ends();
    await sealed.must('/login_user', { username: 'Pia', password: passwordOf('Pia') });
    // An account of the sealed API, by its pre-hash.
    const quinn = new PythonClient(url, 'Quinn', 'login');
    await quinn.hears({ type: 'entered' });
    const stopped = server.stop();
    await quinn.hears({ type: 'shutdown' });
    await stopped;
    await quinn.ends();
  } finally {
    await server.end();
  }
});
