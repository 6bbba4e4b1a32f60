import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { tooSlow } from '../../support/across-nodes.ts';
import { skipWithSeveralNodes } from '../../support/node-count.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { type Kind, type State, doorOf, object, states } from './kinds.ts';
import { inputs } from './inputs.ts';
import { textsOf } from './said.ts';
import { Wire } from './wire.ts';

/** A front's own buffers hold megabytes of answers before a node notices that nobody reads. */
const skipUnread = skipWithSeveralNodes('what one listener holds for who never reads');

/**
 * Tests what each kind of bad input gets in each state: the protocol's own answer, and the end of a stream that cannot be
 * followed. Nobody else notices. A kind has a file of its own, so that they run side by side.
 */
export function testBadInput(kind: Kind): void {
  describe(`bad input to ${kind.name}`, () => {
    let server: TestServer;
    let bystander: Wire;
    before(async () => {
      server = await startTestServer(kind.listen(false));
      await kind.prepare(server);
      bystander = await arrived('before login');
    });
    after(async () => {
      bystander.close();
      await server.end();
    });

    async function arrived(state: State): Promise<Wire> {
      const wire = await Wire.open(doorOf(kind, server));
      await kind.arrive(wire, state, server);
      return wire;
    }

    async function lives(wire: Wire, state: State): Promise<void> {
      const { bytes, answer } = kind.question(state);
      wire.write(bytes);
      await wire.hears(answer);
    }

    /** Who did nothing has not noticed anything. */
    async function undisturbed(): Promise<void> {
      // Who says nothing for 30 s before they log in is let go.
      if (bystander.isOver) bystander = await arrived('before login');
      await lives(bystander, 'before login');
      assert.doesNotMatch(server.log(), /"level":"error"/);
    }

    for (const state of states) {
      describe(state, () => {
        for (const { what, bytes, comesTo } of inputs) {
          const input = bytes(kind);
          if (input === null) continue;
          test(what, async () => {
            const wire = await arrived(state);
            wire.write(...input);
            const outcome = comesTo(kind);
            if (outcome === 'ends') await wire.ends();
            else if (outcome === 'lives') await lives(wire, state);
            else {
              wire.socket.end();
              await wire.ends();
            }
            wire.close();
            await undisturbed();
          });
        }

        test('a message that breaks off at any byte says nothing', async () => {
          const known = await textsOf(server);
          const first = await arrived(state);
          const whole = kind.wrap(object(kind.saying('never whole', first)));
          first.close();
          // Getting in takes a password check each time where it takes one at all.
          const step = state === 'before login' ? 1 : 9;
          for (let at = 1; at < whole.length; at += at < 4 ? 1 : step) {
            const wire = await arrived(state);
            wire.socket.end(kind.wrap(object(kind.saying('never whole', wire))).subarray(0, at));
            await wire.ends();
          }
          const isSaid = (said: string): boolean => said.includes('never');
          assert.deepEqual((await textsOf(server)).filter(isSaid), known.filter(isSaid));
          await undisturbed();
        });

        test('a hundred messages in one segment are all answered', async () => {
          const wire = await arrived(state);
          const { bytes, answer } = kind.question(state);
          wire.write(...Array<Buffer>(100).fill(bytes));
          await wire.hearsTimes(answer, 100);
          wire.close();
          await undisturbed();
        });

        test('of a member that is there twice the last one counts, and escapes are what they stand for', async () => {
          const wire = await arrived(state);
          const said = `so \u001b[31m "${kind.name}, ${state}"\n`;
          const members = kind.saying(said, wire);
          const [name, json] = members.at(-1)!;
          const spelled = name.replace(
            /.(?=.")/,
            (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
          );
          assert.notEqual(spelled, name);
          wire.write(kind.wrap(object([[name, '"not this"'], ...members.slice(0, -1), [spelled, json]])));
          await lives(wire, state);
          const texts = await textsOf(server);
          assert.equal(texts.includes(said), kind.name !== 'vws' && state !== 'before login');
          assert.ok(!texts.includes('not this'));
          wire.close();
          await undisturbed();
        });

        test('50 MiB without an end are not held', async () => {
          const wire = await arrived(state);
          const { arrayBuffers } = process.memoryUsage();
          wire.write(kind.endless);
          await wire.pour(Buffer.alloc(1024 * 1024, kind.name === 'frames' ? 0 : 0x78), 50);
          await wire.ends();
          const grown = process.memoryUsage().arrayBuffers - arrayBuffers;
          assert.ok(grown < 20 * 1024 * 1024, `${grown} bytes are held`);
          await undisturbed();
        });

        test('one that resets in the middle is let go, and what it had said is said', async () => {
          const wire = await arrived(state);
          const said = `last words, ${kind.name}, ${state}`;
          const whole = kind.wrap(object(kind.saying(said, wire)));
          wire.write(whole);
          await lives(wire, state);
          wire.write(whole.subarray(0, whole.length - 3));
          wire.socket.resetAndDestroy();
          const count = (await textsOf(server)).filter((each) => each === said).length;
          assert.equal(count, kind.name === 'vws' || state === 'before login' ? 0 : 1);
          await undisturbed();
        });

        // HTTP is read no further while an answer waits to be read: see test/http/slow-peers.test.ts.
        if (kind.name === 'vws') return;
        test('one that never reads is let go, and counted', { skip: skipUnread }, async () => {
          const known = tooSlow(server, kind.name);
          const wire = await arrived(state);
          wire.socket.pause();
          const { bytes } = kind.question(state);
          const many = Buffer.concat(Array<Buffer>(2_000).fill(bytes));
          const isCounted = (): boolean => tooSlow(server, kind.name) > known;
          while (!isCounted()) {
            if (!wire.socket.writableNeedDrain && !wire.socket.destroyed) wire.socket.write(many);
            // It takes as long as the server takes to answer so much: only the runner's patience ends.
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          assert.equal(tooSlow(server, kind.name), known + 1);
          wire.socket.resume();
          wire.close();
          await undisturbed();
        });
      });
    }

    test('TLS to the plain port fails, and is closed', async () => {
      const { port } = doorOf(kind, server);
      const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
      await assert.rejects(once(socket, 'secureConnect'));
      await undisturbed();
    });
  });

  describe(`bad input to ${kind.name} over TLS`, () => {
    test('what is no TLS is closed at once, and others are served', async () => {
      const server = await startTestServer(kind.listen(true));
      try {
        const { port } = doorOf(kind, server);
        const { bytes } = kind.question('before login');
        const http = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        for (const plain of [http, Buffer.concat([bytes, bytes, bytes]), Buffer.alloc(4096)]) {
          const wire = await Wire.open({ port, isTls: false });
          wire.write(plain);
          await wire.ends();
        }
        const wire = await Wire.open({ port, isTls: true });
        await kind.arrive(wire, 'before login', server);
        const { answer } = kind.question('before login');
        wire.write(bytes);
        await wire.hears(answer);
        wire.close();
      } finally {
        await server.end();
      }
    });
  });
}
