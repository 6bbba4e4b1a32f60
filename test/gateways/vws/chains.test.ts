import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { idMilliseconds } from '../../../src/gateways/vws/chain.ts';
import { Chains } from '../../../src/gateways/vws/chains.ts';
import { newSessionId } from '../../../src/gateways/vws/session-id.ts';

const day = 24 * 60 * 60 * 1000;

function newChains(capacity?: number): Chains {
  return new Chains({ random: randomBytes, ...(capacity === undefined ? {} : { capacity }) });
}

describe('an id', () => {
  test('is 400 letters and digits, all of them likely', () => {
    const seen = new Map<string, number>();
    for (let at = 0; at < 200; at++) {
      const id = newSessionId(randomBytes);
      assert.match(id, /^[A-Za-z0-9]{400}$/);
      for (const character of id) seen.set(character, (seen.get(character) ?? 0) + 1);
    }
    assert.equal(seen.size, 62);
    const expected = (200 * 400) / 62;
    for (const count of seen.values()) assert.ok(Math.abs(count - expected) < expected / 4);
  });

  test('is good once', () => {
    const chains = newChains();
    const chain = chains.begin();
    const { id, key } = chains.issue(chain, 0);
    assert.deepEqual(chains.take(id, 1), { state: 'good', chain, key });
    assert.equal(chains.take(id, 1).state, 'unknown');
  });

  test('is unknown when nobody was given it, or when it is none', () => {
    const chains = newChains();
    chains.issue(chains.begin(), 0);
    for (const id of ['', 'x', newSessionId(randomBytes), `${newSessionId(randomBytes)}A`]) {
      assert.equal(chains.take(id, 0).state, 'unknown');
    }
  });

  test('is good for an hour, known as expired for a day, then unknown', () => {
    const chains = newChains();
    const ids = [chains.issue(chains.begin(), 0).id, chains.issue(chains.begin(), 0).id];
    assert.equal(chains.take(ids[0]!, idMilliseconds - 1).state, 'good');
    assert.equal(chains.take(ids[1]!, idMilliseconds).state, 'expired');
    assert.equal(chains.take(ids[1]!, idMilliseconds + day - 1).state, 'expired');
    assert.equal(chains.take(ids[1]!, idMilliseconds + day).state, 'unknown');
  });

  test('is over after an hour also where many others are', () => {
    const chains = newChains();
    const ids = Array.from({ length: 100 }, () => chains.issue(chains.begin(), 0).id);
    assert.equal(chains.take(ids.at(-1)!, idMilliseconds).state, 'expired');
  });

  test('that nobody comes back with leaves nothing behind', () => {
    const chains = newChains();
    for (let at = 0; at < 1_000; at++) {
      const chain = chains.begin();
      if (at % 2 === 0) chain.login = { userId: 'a', mark: 'b' };
      chains.issue(chain, at);
    }
    for (let at = 0; at < 400; at++) chains.issue(chains.begin(), idMilliseconds + 2_000);
    assert.deepEqual(chains.size, { anonymous: 400, loggedIn: 0, expired: 1_000 });
    for (let at = 0; at < 400; at++) chains.take('', 3 * idMilliseconds + day);
    assert.deepEqual(chains.size, { anonymous: 0, loggedIn: 0, expired: 0 });
  });
});

describe('the ids that are held', () => {
  test('are bounded, the oldest go, and those with a user are not pushed out by those without', () => {
    const chains = newChains(10);
    const user = chains.begin();
    user.login = { userId: 'a', mark: 'b' };
    const theirs = chains.issue(user, 0);
    const first = chains.issue(chains.begin(), 0);
    let last = first;
    for (let at = 0; at < 1_000; at++) last = chains.issue(chains.begin(), at);
    assert.deepEqual(chains.size, { anonymous: 10, loggedIn: 1, expired: 0 });
    assert.equal(chains.take(first.id, 1_000).state, 'unknown');
    assert.equal(chains.take(last.id, 1_000).state, 'good');
    assert.equal(chains.take(theirs.id, 1_000).state, 'good');
  });

  test('are bounded once they have expired too', () => {
    const chains = newChains(10);
    for (let hour = 0; hour < 20; hour++) {
      for (let at = 0; at < 10; at++) chains.issue(chains.begin(), hour * idMilliseconds);
    }
    assert.ok(chains.size.expired <= 10);
    assert.ok(chains.size.anonymous <= 10);
  });
});
