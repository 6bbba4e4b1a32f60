import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionCount } from '../../support/across-nodes.ts';
import { startTestServer, until } from '../../support/test-server.ts';
import { PatientTimers, doorOf, kinds, states } from './kinds.ts';
import { Wire } from './wire.ts';

const second = 1_000;
const minute = 60 * second;

// The timers of HTTP are Node's own, and of chateau it is the pings that go unanswered first: patience.test.ts there.
for (const kind of kinds.filter(({ name }) => name !== 'vws' && name !== 'chateau')) {
  describe(`silence on ${kind.name}`, () => {
    test('is borne for 30 s before a login, and for an hour after it', async () => {
      const clock = new PatientTimers();
      const server = await startTestServer(kind.listen(false), { clock, timers: clock });
      try {
        await kind.prepare(server);
        const [stranger, silent, talking] = await Promise.all(
          states.map(() => Wire.open(doorOf(kind, server))),
        );
        await kind.arrive(silent!, 'logged in', server);
        await kind.arrive(talking!, 'logged in', server);
        const { bytes, answer } = kind.question('logged in');
        /** Something is said, and answered: then time can go on. */
        const lives = async (wire: Wire): Promise<void> => {
          wire.write(bytes);
          await wire.hears(answer);
        };
        clock.advance(30 * second - 1);
        await lives(talking!);
        assert.equal(stranger!.isOver, false);
        clock.advance(1);
        await stranger!.ends();
        clock.advance(29 * minute);
        await lives(talking!);
        clock.advance(29 * minute);
        await lives(talking!);
        assert.equal(silent!.isOver, false);
        clock.advance(3 * minute);
        await silent!.ends();
        await lives(talking!);
        await until(async () => (connectionCount(server) === 1 ? true : undefined), 'one who is left');
        talking!.close();
      } finally {
        await server.end();
      }
    });
  });
}
