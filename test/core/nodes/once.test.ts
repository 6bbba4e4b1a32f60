import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { newMailRow } from '../../../src/core/mail/mail-content.ts';
import { MailDelivery, mailLeaseMilliseconds } from '../../../src/core/mail/mail-delivery.ts';
import type { MailRow } from '../../../src/core/store.ts';
import { createAtRestKeys } from '../../../src/crypto/at-rest.ts';
import { createLogger } from '../../../src/logger.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type SeveralNodes, severalNodes } from '../../support/several-nodes.ts';
import { until } from '../../support/test-server.ts';

const ends: SeveralNodes[] = [];
async function make(): Promise<SeveralNodes> {
  const several = await severalNodes();
  ends.push(several);
  return several;
}
afterEach(async () => {
  for (const several of ends.splice(0)) await several.end();
});

describe('what several nodes do once', () => {
  test('mails: each is sent by one, and by another where that one dies over it', async () => {
    const clock = new ManualClock();
    const keys = createAtRestKeys(Buffer.alloc(32, 5));
    const rows = new Map<string, MailRow>();
    const change = (id: string, changes: Partial<MailRow>): void => {
      rows.set(id, { ...rows.get(id)!, ...changes });
    };
    const waiting = (): MailRow[] => [...rows.values()].filter(({ settledAt }) => settledAt === null);
    const sent: string[] = [];
    const delivery = (send: () => Promise<void>): MailDelivery =>
      new MailDelivery({
        mails: {
          due: async (now, limit) =>
            waiting()
              .filter(({ nextAttemptAt }) => nextAttemptAt <= now)
              .slice(0, limit),
          nextAttemptAt: async () =>
            waiting().length === 0 ? null : Math.min(...waiting().map(({ nextAttemptAt }) => nextAttemptAt)),
          waiting: async () => waiting().length,
          countSince: async () => 0,
        },
        lease: async ({ id, now, until: end }) => {
          const isFree = waiting().some((row) => row.id === id && row.nextAttemptAt <= now);
          if (isFree) change(id, { nextAttemptAt: end });
          return isFree;
        },
        settle: async ({ id, at }) => change(id, { settledAt: at }),
        postpone: async ({ id, attempts, nextAttemptAt }) => change(id, { attempts, nextAttemptAt }),
        transport: {
          send: async ({ id }) => {
            await send();
            sent.push(id);
            return { accepted: true };
          },
          close: async () => {},
        },
        render: () => ({ subject: '', text: '', html: '' }),
        keys,
        clock,
        timers: clock,
        random: () => 0.5,
        logger: createLogger({ level: 'error', pretty: false, sink: { write: () => {} } }),
      });
    const queue = (id: string): void => {
      const content = { kind: 'password_changed', to: 'ada@example.org', username: 'ada', at: 0 } as const;
      rows.set(id, newMailRow(keys, { id, now: clock.now(), content }));
    };
    const nodes = [delivery(async () => nextTurn()), delivery(async () => nextTurn())];
    for (let at = 0; at < 20; at++) queue(`mail ${at}`);
    for (const node of nodes) node.start();
    await until(async () => waiting().length === 0 || undefined, 'an end of all mails');
    assert.equal(sent.length, 20);
    assert.equal(new Set(sent).size, 20);
    const dying = delivery(() => new Promise(() => {}));
    queue('left behind');
    dying.start();
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    clock.advance(30_000);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.equal(sent.length, 20, 'as long as it may be under way');
    for (let half = 0; half < 8; half++) {
      clock.advance(mailLeaseMilliseconds / 6);
      for (let turn = 0; turn < 5; turn++) await nextTurn();
    }
    assert.deepEqual(sent.slice(20), ['left behind']);
    for (const node of nodes) await node.stop();
  });

  test('guests: those of a node that died are ended by the others, no others', async () => {
    const several = await make();
    const [a, b] = [await several.node(), await several.node()];
    const [{ account: gone }, { account: stays }] = [
      await a.core.guests.enter('gone', '192.0.2.1'),
      await b.core.guests.enter('stays', '192.0.2.1'),
    ];
    await a.connect(gone.id, gone.username);
    await b.connect(stays.id, stays.username);
    await several.pass(4_000);
    const c = await several.node();
    await several.pass(60_000);
    assert.equal((await several.store.read.users.guests(9)).length, 2, 'a node that starts ends nobody');
    several.board.forget();
    await several.pass(60_000);
    assert.equal((await several.store.read.users.guests(9)).length, 2, 'nor does what forgets who is there');
    a.die();
    await several.pass(60_000);
    const left = await until(async () => {
      const guests = await several.store.read.users.guests(9);
      return guests.length === 1 ? guests : undefined;
    }, 'the end of a guest');
    assert.equal(left[0]?.id, stays.id);
    assert.ok(c);
  });

  test('guests: a node that hears again twice in a row ends nobody who is on another', async () => {
    const several = await make();
    const place = several.bus.join();
    const [a, b] = [await several.node({ fanOut: place }), await several.node()];
    const { account: here } = await a.core.guests.enter('here', '192.0.2.1');
    const { account: there } = await b.core.guests.enter('there', '192.0.2.2');
    await a.connect(here.id, here.username);
    await b.connect(there.id, there.username);
    await several.pass(4_000);
    for (let time = 0; time < 3; time++) {
      several.board.forget();
      (place as unknown as { resume(): void }).resume();
      await several.pass(50);
    }
    // Committed after whatever was done before it.
    await b.core.guests.enter('another', '192.0.2.2');
    assert.equal((await several.store.read.users.guests(9)).length, 3);
  });

  test('names: a hold on one node keeps everybody on the others from it, until it is released or the node dies', async () => {
    const several = await make();
    const [a, b] = [await several.node(), await several.node()];
    const hold = await a.core.names.hold('192.0.2.1', 'Wanted');
    await assert.rejects(b.core.names.hold('192.0.2.1', 'wanted'), { code: 'username_taken' });
    await assert.rejects(b.core.guests.enter('wanted', '192.0.2.1'), { code: 'username_taken' });
    await several.pass(60_000);
    await assert.rejects(b.core.names.hold('192.0.2.1', 'wanted'), { code: 'username_taken' });
    a.core.names.release(hold);
    await several.pass(0);
    const other = await b.core.names.hold('192.0.2.1', 'wanted');
    await assert.rejects(a.core.guests.enter('wanted', '192.0.2.1'), { code: 'username_taken' });
    b.core.names.release(other);
    await several.pass(0);
    await a.core.names.hold('192.0.2.1', 'wanted');
    a.die();
    await several.pass(16_000);
    assert.ok(await b.core.names.hold('192.0.2.1', 'wanted'));
  });

  test('names that change on one node are told to who shows them on another', async () => {
    const several = await make();
    const [a, b] = [await several.node(), await several.node()];
    let told = 0;
    b.core.nameChanges.watch(() => (told += 1));
    a.core.nameChanges.note();
    await several.pass(0);
    assert.equal(told, 1);
  });
});
