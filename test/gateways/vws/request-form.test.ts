import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readClientKey } from '../../../src/gateways/vws/client-key.ts';
import { checkVwsPassword } from '../../../src/gateways/vws/password-rule.ts';
import { readRequestForm } from '../../../src/gateways/vws/request-form.ts';
import { clientKeys } from '../../support/sealed-client.ts';
import { rounds } from '../../support/long.ts';
import { publicKeyHex } from './vws-client.ts';

describe('the form of a request', () => {
  test('is the id and the fields that were named, whatever their order', () => {
    const body = { b: 'two', session_key: 'id', a: 'one' };
    assert.deepEqual(readRequestForm(body, ['a', 'b']), {
      ok: true,
      sessionKey: 'id',
      fields: { a: 'one', b: 'two' },
    });
  });

  test('may have what is optional, and does not hand it on', () => {
    const read = readRequestForm({ session_key: 'id', a: 'one', also: {} }, ['a'], ['also']);
    assert.deepEqual(read, { ok: true, sessionKey: 'id', fields: { a: 'one' } });
  });

  const wrong: unknown[] = [
    null,
    7,
    'text',
    [],
    {},
    { session_key: 'id' },
    { a: 'one' },
    { session_key: 1, a: 'one' },
    { session_key: 'id', a: null },
    { session_key: 'id', a: ['one'] },
    { session_key: 'id', a: 'one', more: 'x' },
  ];
  for (const body of wrong) {
    test(`is not ${JSON.stringify(body)}`, () => assert.equal(readRequestForm(body, ['a']).ok, false));
  }

  test('is read from any value without a word', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        readRequestForm(value, ['email', 'password']);
      }),
      { numRuns: rounds(5_000, 100_000) },
    );
  });
});

describe('the key of a client', () => {
  const hexOf = (text: string | Buffer): string => Buffer.from(text).toString('hex');
  const pem = clientKeys().publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const reasonFor = (hex: string): string => {
    const read = readClientKey(hex);
    return read.ok ? '' : read.reason;
  };

  test('is read in small and capital hex, with line ends of either kind, with and without the last', () => {
    for (const text of [pem, pem.trimEnd(), pem.replaceAll('\n', '\r\n')]) {
      assert.equal(reasonFor(hexOf(text)), '');
      assert.equal(reasonFor(hexOf(text).toUpperCase()), '');
    }
  });

  const wrong: Readonly<Record<string, [string, RegExp]>> = {
    'the PEM itself': [pem, /not hex/],
    'half a byte': [publicKeyHex().slice(1), /not hex/],
    nothing: ['', /not hex/],
    'something long': ['00'.repeat(10_000), /too long/],
    'the hex of DER': [
      hexOf(clientKeys().publicKey.export({ format: 'der', type: 'spki' })),
      /not the hex of a PEM/,
    ],
    'the hex of a PKCS#1 PEM': [
      hexOf(clientKeys().publicKey.export({ format: 'pem', type: 'pkcs1' })),
      /not the hex of a PEM/,
    ],
    'a private key': [
      hexOf(clientKeys().privateKey.export({ format: 'pem', type: 'pkcs8' })),
      /private|too long/,
    ],
    'a damaged one': [hexOf(pem.replace('MIIB', 'MIIC')), /./],
  };
  for (const [name, [hex, reason]] of Object.entries(wrong)) {
    test(`is not ${name}`, () => assert.match(reasonFor(hex), reason));
  }

  test('is read from any hex without a word', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc
        .string({ maxLength: 300 })
        .map((text) => hexOf(`-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----`)),
      fc.nat(hexOf(pem).length - 1).map((at) => `${hexOf(pem).slice(0, at)}0${hexOf(pem).slice(at + 1)}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        readClientKey(text);
      }),
      { numRuns: rounds(1_000, 20_000) },
    );
  });
});

describe('the rule for passwords', () => {
  for (const password of ['Str0ng_p', 'aA1@aA1@', 'Zz9?Zz9?Zz9?', `aA1_${'x'.repeat(1_020)}`]) {
    test(`takes ${password.slice(0, 16)}`, () => assert.equal(checkVwsPassword(password), null));
  }
  for (const password of [
    '',
    'aA1_aA1',
    'str0ng_p',
    'STR0NG_P',
    'Strong_p',
    'Str0ngpp',
    'Str0ng_p ',
    'Str0ng_p\n',
    'Str0ng-p',
    'Strönger0_',
    `aA1_${'x'.repeat(1_021)}`,
  ]) {
    test(`refuses ${JSON.stringify(password.slice(0, 16))}`, () =>
      assert.notEqual(checkVwsPassword(password), null));
  }
});
