import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { apartMilliseconds } from '../../../src/gateways/rooms/gateway.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { passwordOf } from '../../support/sealed-client.ts';
import { startTestServer } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

const root = path.join(import.meta.dirname, '..', '..', '..', '..');
const program = path.join(root, 'test', 'gateways', 'rooms', 'client.py');
const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'there is no python3 here';

/**
 * The client in Python. It takes one object from one read, so that however slow this machine is just now, the clock goes
 * on to the next object, and no further, when the one before has been read.
 */
class PythonClient {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly clock: ManualClock;

  constructor(url: string, clock: ManualClock) {
    const { hostname, port } = new URL(url);
    this.child = spawn('python3', [program, hostname, port], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.clock = clock;
  }

  send(object: Record<string, unknown>): void {
    this.child.stdin!.write(`${JSON.stringify(object)}\n`);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  async read(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.line()) as Record<string, unknown>;
  }

  async expect(...objects: Record<string, unknown>[]): Promise<void> {
    for (const object of objects) assert.deepEqual(await this.read(), object);
  }

  /** The server has closed, and the client ends without having met anything it does not understand. */
  async expectEnd(): Promise<void> {
    const exited = once(this.child, 'exit');
    assert.equal(await this.line(), 'closed');
    this.child.stdin!.end();
    assert.equal((await exited)[0], 0);
  }

  private async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    assert.ok(done !== true, 'the client goes on');
    this.clock.advance(apartMilliseconds);
    return value;
  }
}

describe('a client of the rooms kind in Python', () => {
  test(
    'talks with another, and hears what was said while it was away',
    { skip, timeout: 60_000 },
    async () => {
      const clock = new ManualClock();
      const server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' }, { timers: clock });
      const url = server.gatewayUrls['rooms']!;
      const credentials = { username: 'élise', password: passwordOf('élise') };
      const general = 'Général';
      const room = 'bobélise';
      const clients: PythonClient[] = [];
      /** What the other one reads, who takes objects however they come. */
      const read = async (client: RoomsClient): Promise<Record<string, unknown>> => {
        const object = await client.nextObject();
        clock.advance(apartMilliseconds);
        return object;
      };
      try {
        const bob = await RoomsClient.open(url);
        bob.send({ type: 'signup', username: 'bob', password: passwordOf('bob') });
        assert.equal((await read(bob))['room'], general);
        assert.equal((await read(bob))['type'], 'signup');

        const élise = new PythonClient(url, clock);
        clients.push(élise);
        élise.send({ type: 'signup', ...credentials });
        await élise.expect(
          { type: 'pending_room', status: 'ok', room: general },
          { type: 'signup', status: 'ok' },
        );
        élise.send({ type: 'private', to: 'bob', user: 'élise', message: 'tu es là ? 🙂' });
        const entered = { type: 'pending_room', status: 'ok', room };
        const said = { type: 'public', room, user: 'élise', message: 'tu es là ? 🙂' };
        await élise.expect({ type: 'private', status: 'ok' }, entered, said);
        assert.deepEqual([await read(bob), await read(bob)], [entered, said]);
        const long = 'é'.repeat(1_200);
        élise.send({ type: 'public', room, message: long });
        let heard = '';
        while (heard.length < long.length) heard += String((await élise.read())['message']);
        assert.equal(heard, long);
        for (heard = ''; heard.length < long.length;) heard += String((await read(bob))['message']);
        assert.equal(heard, long);
        élise.send({ type: 'pending_room', room: 'Blabla' });
        await élise.expect({ type: 'pending_room', status: 'ok', room: 'Blabla' });
        élise.send({ type: 'disconnect' });
        await élise.expect({ type: 'disconnect', status: 'ok' });
        await élise.expectEnd();

        const texts = Array.from({ length: 30 }, (_, at) => `message ${at}`);
        for (const message of texts) {
          bob.send({ type: 'public', room: general, message });
          assert.equal((await read(bob))['message'], message);
        }
        const back = new PythonClient(url, clock);
        clients.push(back);
        back.send({ type: 'signin', ...credentials });
        await back.expect({
          type: 'signin',
          status: 'ok',
          all_rooms: ['Blabla', 'Comptabilité', general, 'Informatique', 'Marketing'],
          rooms: ['Blabla', room, general],
        });
        for (const message of texts)
          await back.expect({ type: 'public', room: general, user: 'bob', message });
        back.send({ type: 'signin', username: 'élise', password: 'not the password' });
        await back.expect({ type: 'signin', status: 'error', reason: 'incorrect_password' });
        await server.core.moderation.kill('console', 'élise', 'enough');
        await back.expect({ type: 'kill', reason: 'enough' });
        await back.expectEnd();
        bob.socket.destroy();
      } finally {
        await server.end();
      }
    },
  );
});
