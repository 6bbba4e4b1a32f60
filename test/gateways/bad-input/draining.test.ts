import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { skipWithSeveralNodes } from '../../support/node-count.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { inputs } from './inputs.ts';
import { type Kind, PatientTimers, type State, doorOf, kinds, object, states } from './kinds.ts';
import { textsOf } from './said.ts';
import { Wire } from './wire.ts';

/** What somebody does to a server that has begun to stop. */
interface Deed {
  readonly what: string;
  readonly run: (wire: Wire, kind: Kind, state: State) => Promise<void> | void;
  /** Whether the other side stays as it is afterwards, and does not close. */
  readonly stays?: true;
}

const deeds: readonly Deed[] = [
  ...inputs.map(({ what, bytes }): Deed => ({
    what,
    run: (wire, kind) => wire.write(...(bytes(kind) ?? [])),
  })),
  {
    what: 'a message',
    run: (wire, kind) => wire.write(kind.wrap(object(kind.saying('said too late', wire)))),
  },
  {
    what: 'half a message',
    run: (wire, kind) => wire.write(kind.wrap(object(kind.saying('said too late', wire))).subarray(0, -2)),
  },
  {
    what: 'a hundred messages',
    run: (wire, kind, state) => wire.write(...Array<Buffer>(100).fill(kind.question(state).bytes)),
  },
  {
    what: '50 MiB',
    run: (wire, { endless }) => {
      wire.write(endless);
      return wire.flood(Buffer.alloc(1024 * 1024, 0x78), 50);
    },
  },
  {
    what: 'a reset',
    run: (wire, kind) => {
      wire.write(kind.wrap(object(kind.saying('said too late', wire))));
      wire.socket.resetAndDestroy();
    },
  },
  { what: 'silence', run: () => {}, stays: true },
  { what: 'no reading', run: (wire) => void wire.socket.pause(), stays: true },
];

const stopping = ({ core }: TestServer): Promise<true> =>
  until(async () => (core.hub.isStopping ? true : undefined), 'a beginning of the end');

const skip = skipWithSeveralNodes('how one process stops');

for (const kind of kinds) {
  describe(`${kind.name} while the server stops`, { skip }, () => {
    async function started(): Promise<{ server: TestServer; timers: PatientTimers }> {
      const timers = new PatientTimers();
      const server = await startTestServer(kind.listen(false), { timers });
      await kind.prepare(server);
      // From now on there is somebody who sees what is said.
      await textsOf(server);
      return { server, timers };
    }

    test('does nothing of what comes, and ends whatever others do', async () => {
      const { server, timers } = await started();
      const wires: { deed: Deed; state: State; wire: Wire }[] = [];
      for (const deed of deeds) {
        for (const state of states) {
          const wire = await Wire.open(doorOf(kind, server));
          await kind.arrive(wire, state, server);
          wires.push({ deed, state, wire });
        }
      }
      const before = (await textsOf(server)).length;
      const stopped = server.restart();
      await stopping(server);
      await Promise.all(wires.map(async ({ deed, state, wire }) => deed.run(wire, kind, state)));
      for (const { deed, wire } of wires) if (deed.stays === undefined) wire.socket.end();
      for (const { deed, wire } of wires) if (deed.stays === undefined) await wire.ends();
      // Who does not close in their turn is waited for as long as this.
      timers.advance(2_000);
      const again = await stopped;
      for (const { wire } of wires) wire.close();
      const texts = await textsOf(again);
      assert.equal(texts.length, before);
      assert.ok(!texts.includes('said too late'));
      assert.doesNotMatch(server.log(), /"level":"error"/);
      await again.end();
    });

    // What says on vws that something was done says so in an answer of HTTP: test/e2e/process.test.ts.
    if (kind.name === 'vws') return;
    test('has kept what it said it had taken', async () => {
      const { server, timers } = await started();
      const wire = await Wire.open(doorOf(kind, server));
      await kind.arrive(wire, 'in a conversation', server);
      const taken: string[] = [];
      let sent = 0;
      const again = await new Promise<TestServer>((resolve, reject) => {
        const talk = async (): Promise<void> => {
          for (; !wire.isOver; sent++) {
            const said = `number ${sent}`;
            wire.write(kind.wrap(object(kind.saying(said, wire))));
            await wire.hears(kind.taken(said));
            taken.push(said);
            if (sent !== 20) continue;
            server.restart().then(resolve, reject);
            void stopping(server).then(() => timers.advance(2_000));
          }
        };
        // It ends in the middle of something.
        talk().catch(() => wire.close());
      });
      const texts = await textsOf(again);
      assert.ok(taken.length > 20);
      assert.deepEqual(
        texts.filter((said) => taken.includes(said)),
        taken,
      );
      await again.end();
    });

    test('ends what is under way before it closes what that needs', async () => {
      const { server } = await started();
      const wire = await Wire.open(doorOf(kind, server));
      const store = server.store as TestServer['store'] & { close(): Promise<void> };
      const transact = store.transact.bind(store);
      const close = store.close.bind(store);
      let isUnderWay = false;
      let isDone = false;
      let isClosedEarly = false;
      let release = (): void => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      await kind.arrive(wire, 'in a conversation', server);
      store.transact = (async (...call: Parameters<typeof transact>) => {
        if (call[0] !== 'sendMessage') return transact(...call);
        isUnderWay = true;
        await released;
        return transact(...call).finally(() => (isDone = true));
      }) as typeof transact;
      store.close = () => {
        isClosedEarly = !isDone;
        return close();
      };
      wire.write(kind.wrap(object(kind.saying('under way', wire))));
      await until(async () => (isUnderWay ? true : undefined), 'something under way');
      const stopped = server.restart();
      await stopping(server);
      wire.socket.end();
      await wire.ends();
      // As much as it takes a stop that waits for nothing.
      for (let at = 0; at < 500 && !isClosedEarly; at++) await turn();
      release();
      const again = await stopped;
      assert.equal(isClosedEarly, false);
      assert.ok((await textsOf(again)).includes('under way'));
      assert.doesNotMatch(server.log(), /"level":"error"/);
      await again.end();
    });
  });
}
