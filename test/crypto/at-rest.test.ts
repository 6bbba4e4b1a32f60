import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import {
  computePreHash,
  createSalt,
  createVerifier,
  parsePreHash,
  verifyPreHash,
} from '../../src/crypto/password.ts';

describe('what is sealed at rest', () => {
  const keys = createAtRestKeys(randomBytes(32));
  const sealed = keys.seal('mail', 'row 1', Buffer.from('secret'));

  test('opens for its own purpose and row only', () => {
    assert.equal(keys.open('mail', 'row 1', sealed)?.toString(), 'secret');
    assert.equal(keys.open('mail', 'row 2', sealed), null);
    assert.equal(keys.open('idempotency', 'row 1', sealed), null);
    assert.equal(createAtRestKeys(randomBytes(32)).open('mail', 'row 1', sealed), null);
  });

  test('does not open with any byte changed or missing', () => {
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      assert.equal(keys.open('mail', 'row 1', altered), null);
      assert.equal(keys.open('mail', 'row 1', sealed.subarray(0, at)), null);
    }
  });

  test('is another thing each time, while hashes are the same and differ by purpose', () => {
    assert.notDeepEqual(keys.seal('mail', 'row 1', Buffer.from('secret')), sealed);
    assert.deepEqual(keys.hash('code', 'x'), keys.hash('code', 'x'));
    assert.notDeepEqual(keys.hash('code', 'x'), keys.hash('guess-subject', 'x'));
  });

  test('needs a master key of 32 bytes', () => {
    assert.throws(() => createAtRestKeys(randomBytes(31)), RangeError);
  });
});

describe('a password', () => {
  const pepper = randomBytes(32);

  test('has a salt of 32 digits, which are 32 bytes', () => {
    for (let at = 0; at < 50; at++) assert.match(createSalt().toString('latin1'), /^\d{32}$/);
  });

  test('is pre-hashed as clients do it', async () => {
    const salt = Buffer.from('12345678901234567890123456789012');
    const preHash = await computePreHash('password', salt);
    const again = pbkdf2Sync('password', salt, 10_000, 32, 'sha256');
    assert.deepEqual(preHash, again);
  });

  test('fits its verifier, under the same pepper only', async () => {
    const preHash = await computePreHash('password', createSalt());
    const verifier = await createVerifier(preHash, pepper);
    assert.match(verifier, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal(await verifyPreHash(verifier, preHash, pepper), true);
    assert.equal(await verifyPreHash(verifier, randomBytes(32), pepper), false);
    assert.equal(await verifyPreHash(verifier, preHash, randomBytes(32)), false);
  });

  test('may come as a pre-hash of 64 hex digits', () => {
    assert.equal(parsePreHash('ab'.repeat(32))?.length, 32);
    for (const text of ['ab'.repeat(31), 'ab'.repeat(33), 'xy'.repeat(32), ''])
      assert.equal(parsePreHash(text), null);
  });
});
