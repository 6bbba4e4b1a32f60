import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { StoreFailure } from '../../../src/core/store.ts';
import type { StoreUnderTest } from '../store-contract.ts';
import { userRow } from './rows.ts';

/** What `transact` promises of its functions. */
export function atomicityContract(underTest: StoreUnderTest): void {
  const isStored = async (...names: string[]): Promise<boolean[]> =>
    Promise.all(names.map(async (name) => (await underTest.store.read.facts.find(name)) !== null));

  test('lets a function read what it wrote', async () => {
    const row = userRow('own-writes');
    assert.deepEqual(await underTest.store.transact('writeThenRead', row), [null, row]);
  });

  test('lets whoever was told of a commit read it', async () => {
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        await underTest.store.transact('insertPair', `told-${at}`);
        assert.deepEqual(await isStored(`told-${at} first`, `told-${at} second`), [true, true]);
      }),
    );
  });

  test('undoes all of a function that refuses, and tells its refusal whole', async () => {
    await assert.rejects(underTest.store.transact('writeThenRefuse', undefined), (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.code, 'code_wrong');
      assert.deepEqual(error.members, {
        attemptsLeft: 3,
        detail: 'no',
        errors: { a: 'b' },
        retryAfter: 4,
        nextSeq: 5,
      });
      return true;
    });
    assert.deepEqual(await isStored('refused'), [false]);
  });

  test('undoes all of a function that fails, and leaves its neighbours alone', async () => {
    const { store } = underTest;
    const results = await Promise.allSettled([
      store.transact('insertPair', 'n0'),
      store.transact('writeThenFail', undefined),
      store.transact('insertPair', 'n1'),
      store.transact('returnFunction', undefined),
      store.transact('insertPair', 'n2'),
      store.transact('failBesideWrites', undefined),
      store.transact('insertPair', 'n3'),
      store.transact('returnBesideWrites', undefined),
      store.transact('insertPair', 'n4'),
      store.transact('waitForSomething', undefined),
      store.transact('insertPair', 'n5'),
    ]);
    for (const [at, result] of results.entries()) {
      if (at % 2 === 0) assert.equal(result.status, 'fulfilled', `neighbour ${at / 2}`);
      else assert.ok(result.status === 'rejected' && result.reason instanceof StoreFailure);
    }
    const causes = results.map((result) => (result.status === 'rejected' ? String(result.reason.cause) : ''));
    assert.match(causes[1]!, /a bug/);
    assert.match(causes[3]!, /cannot be sent/);
    assert.match(causes[5]!, /a bug/);
    assert.match(causes[7]!, /ended before its queries did/);
    assert.match(causes[9]!, /waits for something/);
    // One more transaction, into which a late write would have gone.
    await store.transact('insertPair', 'n6');
    for (const name of ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6'])
      assert.deepEqual(await isStored(`${name} first`, `${name} second`), [true, true], name);
    const undone = [
      'failed',
      'uncloneable',
      'beside one',
      'beside two',
      'forgotten',
      'waited',
      'written late',
    ];
    for (const name of undone) assert.deepEqual(await isStored(name), [false], name);
  });

  test('hands its functions their environment, and knows no others', async () => {
    assert.equal(await underTest.store.transact('greet', undefined), 'hello');
    for (const name of ['toString', 'constructor', '__proto__', 'nothing'])
      await assert.rejects(underTest.store.transact(name as never, undefined as never), StoreFailure);
  });

  test('brings values there and back as they are', async () => {
    const value = {
      bytes: Buffer.from([0, 1, 255]),
      list: [Buffer.alloc(0), null, undefined, 1n, -0],
      when: new Date(5),
      map: new Map([['a', new Set([1])]]),
      ['__proto__']: 'a member like others',
    };
    assert.deepEqual(await underTest.store.transact('echo', value), value);
    for (const input of [() => {}, Symbol('x'), { deep: [new WeakMap()] }, Promise.resolve()])
      await assert.rejects(underTest.store.transact('echo', input), StoreFailure);
  });

  test('says that it can be written', () => underTest.store.check());
}
