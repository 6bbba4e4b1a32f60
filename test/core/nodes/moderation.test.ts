import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { FanOutBus } from '../../../src/shared-state/memory/fan-out-bus.ts';
import { type SeveralNodes, callerOf, severalNodes } from '../../support/several-nodes.ts';

const ends: SeveralNodes[] = [];
afterEach(async () => {
  for (const several of ends.splice(0)) await several.end();
});

async function setUp() {
  const losing = { all: false };
  const bus = new FanOutBus(() => ({ times: losing.all ? 0 : 1, turns: 0 }));
  const several = await severalNodes(bus);
  ends.push(several);
  const [a, b] = [await several.node(), await several.node()];
  const [ada, bert] = [await several.user('ada'), await several.user('bert')];
  const listening = await b.connect(bert, 'bert');
  await several.pass(0);
  return { several, a, b, ada, bert, listening, losing };
}

describe('moderation over several nodes', () => {
  test('a ban on one node ends connections on another at once', async () => {
    const { several, a, b, bert, listening } = await setUp();
    const ban = { kind: 'ban', target: { username: 'bert' }, reason: 'enough', until: null } as const;
    await a.core.moderation.impose('console', ban);
    await several.pass(0);
    assert.deepEqual(listening.ended, ['kept out']);
    const last = listening.events.at(-1);
    assert.ok(last?.kind === 'banned' && last.reason === 'enough');
    assert.throws(() => b.core.bans.refuseUser(bert), /Kept out/);
    await a.core.moderation.lift('console', { kind: 'ban', target: { username: 'bert' } });
    await several.pass(0);
    b.core.bans.refuseUser(bert);
  });

  for (const [name, target] of [
    ['a user', { username: 'bert' }],
    ['an address', { range: '192.0.2.0/24' }],
  ] as const) {
    test(`a ban of ${name} whose notice is lost holds everywhere within 2 s, and so does lifting it`, async () => {
      const { several, a, b, bert, listening, losing } = await setUp();
      losing.all = true;
      const isOut = (): boolean =>
        b.core.bans.ofUser(bert) !== null || b.core.bans.ofAddress('192.0.2.1') !== null;
      await a.core.moderation.impose('console', { kind: 'ban', target, reason: 'enough', until: null });
      await several.pass(2_000);
      assert.deepEqual([listening.ended, isOut()], [['kept out'], true]);
      await a.core.moderation.lift('console', { kind: 'ban', target });
      await several.pass(2_000);
      assert.equal(isOut(), false);
      await a.core.moderation.undo('console');
      await several.pass(2_000);
      assert.equal(isOut(), true, 'the last action was taken back');
    });
  }

  test('a node that stood still takes in nobody who was banned meanwhile', async () => {
    const { several, a, b } = await setUp();
    const proven = await b.core.guests.enter('late', '192.0.2.9');
    const late = await b.connect(proven.account.id, 'late');
    b.core.hub.detach(late);
    await b.core.takeIn(late, proven);
    b.core.hub.detach(late);
    b.die();
    const ban = { kind: 'ban', target: { username: 'late' }, reason: 'enough', until: null } as const;
    await a.core.moderation.impose('console', ban);
    await several.pass(5_000);
    await assert.rejects(b.core.takeIn(late, proven), { code: 'banned' });
    assert.equal(b.core.hub.connectionsOf(proven.account.id), 0);
  });

  test('a notice and a kill reach the other nodes', async () => {
    const { several, a, listening } = await setUp();
    a.core.hub.toAll({ kind: 'notice', at: 0, text: 'maintenance at noon' });
    await a.core.moderation.kill('console', 'bert', 'restart your client');
    await several.pass(0);
    assert.deepEqual(listening.ended, ['kept out']);
    assert.deepEqual(
      listening.events.filter(({ kind }) => kind === 'notice' || kind === 'killed').map(({ kind }) => kind),
      ['notice', 'killed'],
    );
  });

  test('a new password on one node ends connections without a session on another', async () => {
    const { several, a, bert, listening } = await setUp();
    a.core.hub.endKeyless(bert);
    await several.pass(0);
    assert.deepEqual(listening.ended, ['logged out']);
  });

  test('what one node changes of an account, the others do not remember otherwise', async () => {
    const { several, a, b, ada } = await setUp();
    const profileOf = async (): Promise<string> =>
      (await b.core.me({ ...callerOf(ada), key: { session: {} } } as never)).role;
    const before = await profileOf();
    await a.core.moderation.setRole('console', 'ada', 'admin');
    await several.pass(0);
    assert.deepEqual([before, await profileOf()], ['user', 'admin']);
  });

  test('a notice that is sent again ends nobody again', async () => {
    const { several, a, b, bert, listening } = await setUp();
    const { bus } = several;
    const sent: [Parameters<FanOutBus['carry']>[1], Buffer][] = [];
    const start = several.clock.now();
    const carry = bus.carry.bind(bus);
    bus.carry = (from, topic, payload) => {
      if (several.clock.now() < start + 60_000) sent.push([topic, payload]);
      carry(from, topic, payload);
    };
    await a.core.moderation.kill('console', 'bert', 'once');
    await several.pass(10_000);
    assert.equal(listening.ended.length, 1);
    const again = await b.connect(bert, 'bert');
    for (const [topic, payload] of [...sent]) carry(null, topic, payload);
    await several.pass(100);
    // What was taken in is forgotten after a while; what is that old is not believed.
    for (let round = 0; round < 3; round++) {
      several.clock.advance(150_000);
      a.core.nameChanges.note();
      await several.pass(0);
    }
    for (const [topic, payload] of [...sent]) carry(null, topic, payload);
    await several.pass(100);
    assert.deepEqual(again.ended, []);
  });
});
