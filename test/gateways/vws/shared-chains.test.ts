import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createAtRestKeys } from '../../../src/crypto/at-rest.ts';
import { idMilliseconds } from '../../../src/gateways/vws/chain.ts';
import { newSessionId } from '../../../src/gateways/vws/session-id.ts';
import { SharedChains } from '../../../src/gateways/vws/shared-chains.ts';

const day = 24 * 60 * 60 * 1000;
const keys = createAtRestKeys(Buffer.alloc(32, 7));

/** Two nodes over one place for values, which does not look at the time. */
function twoNodes() {
  const kept = new Map<string, Buffer>();
  const values = {
    put: async (name: string, value: Buffer) => void kept.set(name, value),
    take: async (name: string) => {
      const value = kept.get(name) ?? null;
      kept.delete(name);
      return value;
    },
  };
  const node = (): SharedChains => new SharedChains({ values, keys, random: randomBytes });
  return { kept, one: node(), other: node() };
}

describe('an id that all nodes know', () => {
  test('is good once, on the node that did not make it, with all that its chain has come to', async () => {
    const { one, other } = twoNodes();
    const chain = one.begin();
    chain.login = { userId: 'u', mark: 'm' };
    chain.askedForCode = true;
    chain.notedAt = 12;
    const { id, key } = await one.issue(chain, 0);
    const taken = await Promise.all([other.take(id, 1), one.take(id, 1), other.take(id, 1)]);
    assert.deepEqual(taken, [{ state: 'good', chain, key }, { state: 'unknown' }, { state: 'unknown' }]);
  });

  test('is good for an hour, known as expired for a day, then unknown', async () => {
    const { one, other } = twoNodes();
    const issue = async (): Promise<string> => (await one.issue(one.begin(), 0)).id;
    const ids = [await issue(), await issue()] as const;
    assert.equal((await other.take(ids[0], idMilliseconds - 1)).state, 'good');
    assert.equal((await other.take(ids[1], idMilliseconds)).state, 'expired');
    assert.equal((await one.take(ids[1], idMilliseconds + day - 1)).state, 'expired');
    assert.equal((await one.take(ids[1], idMilliseconds + day)).state, 'unknown');
  });

  test('is unknown when nobody was given it, or when it is none', async () => {
    const { one } = twoNodes();
    for (const id of ['', 'x', newSessionId(randomBytes)]) {
      assert.equal((await one.take(id, 0)).state, 'unknown');
    }
  });

  test('is kept so that neither it nor its key can be read, nor put in the place of another', async () => {
    const { kept, one } = twoNodes();
    const mine = await one.issue(one.begin(), 0);
    const [[name, value]] = [...kept] as [[string, Buffer]];
    for (const secret of [mine.id, mine.key]) {
      assert.ok(!name.includes(secret) && !value.includes(secret));
    }
    const theirs = await one.issue(one.begin(), 0);
    for (const each of kept.keys()) kept.set(each, value);
    assert.equal((await one.take(theirs.id, 0)).state, 'unknown');
    assert.equal((await one.take(mine.id, 0)).state, 'good');
  });
});
