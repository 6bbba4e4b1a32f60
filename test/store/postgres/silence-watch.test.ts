import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import { SilenceWatch } from '../../../src/store/postgres/silence-watch.ts';

/** A watch over a database that is there or not, in a time of the test's own: its ticks come every 250 ms. */
function watched(context: TestContext, isThere: boolean) {
  let tick: (() => void) | null = null;
  context.mock.method(globalThis, 'setInterval', (act: () => void) => {
    tick = act;
    return { unref: () => ({}) };
  });
  context.mock.method(globalThis, 'clearInterval', () => (tick = null));
  const state = { isThere, isWaitedFor: true, looks: 0, silences: 0 };
  const watch = new SilenceWatch({
    isWaitedFor: () => state.isWaitedFor,
    look: () => {
      state.looks += 1;
      return Promise.resolve(state.isThere);
    },
    onSilent: () => (state.silences += 1),
  });
  const pass = async (milliseconds: number, meanwhile = () => {}): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 250) {
      tick?.();
      meanwhile();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  watch.start();
  return { watch, state, pass };
}

describe('the watch over a silent database', () => {
  test('asks nothing while answers come in', async (context) => {
    const { watch, state, pass } = watched(context, false);
    await pass(60_000, () => watch.heard());
    assert.equal(state.looks, 0);
  });

  test('asks nothing while nobody waits, and begins anew with whoever comes next', async (context) => {
    const { watch, state, pass } = watched(context, false);
    await pass(750);
    state.isWaitedFor = false;
    await pass(60_000);
    state.isWaitedFor = true;
    await pass(60_000);
    assert.equal(state.looks, 0, 'it has ended');
    watch.start();
    await pass(750);
    assert.equal(state.looks, 0);
    await pass(250);
    assert.equal(state.looks, 1);
  });

  test('asks about once a second while a database that is there says nothing else', async (context) => {
    const { state, pass } = watched(context, true);
    await pass(60_000);
    assert.ok(state.looks >= 40 && state.looks <= 60, `${state.looks}`);
    assert.equal(state.silences, 0);
  });

  test('believes no failed attempt before the silence has lasted', async (context) => {
    const { state, pass } = watched(context, false);
    await pass(1_750);
    assert.ok(state.looks > 0);
    assert.equal(state.silences, 0);
    await pass(250);
    assert.equal(state.silences, 1);
  });
});
