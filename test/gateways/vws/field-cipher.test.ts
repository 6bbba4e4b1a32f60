import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decryptField, encryptField } from '../../../src/gateways/vws/field-cipher.ts';
import { rounds } from '../../support/long.ts';

/** The key of NIST SP 800-38A F.1.5; the ciphertexts were made with the openssl command. */
const key = '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4';

const vectors: Readonly<Record<string, string>> = {
  hello: 'e5IISZ/rt8DprS+dxg9eSQ==',
  '': 'TEXfs7O0hOw1sFEtyMHE1g==',
  'sixteen bytes ok': '5SuiyXZeNaWL6ZNHAwEnOUxF37OztITsNbBRLcjBxNY=',
  'grüße, 你好 🙂': 'e3+EeZGzxbFE7f76t6MIH1x6mMmrNpqKXRGZYOD/5Io=',
  '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f':
    'QndrqfG5nyFQ+h6io2roGceKQM/fJETykrTFRNXsJVf9dXOsSeBU0h8g/46OfegG9XYUWSelIROXaGmTMXNbDExF37OztITsNbBRLcjBxNY=',
};

describe('the cipher of a field', () => {
  for (const [text, ciphertext] of Object.entries(vectors)) {
    test(`writes and reads ${JSON.stringify(text.slice(0, 20))} as openssl does`, () => {
      assert.equal(encryptField(key, text), ciphertext);
      assert.equal(decryptField(key, ciphertext), text);
    });
  }

  test('reads base64 that was broken into lines', () => {
    assert.equal(decryptField(key, 'e5IISZ/rt8Dp\r\nrS+dxg9eSQ==\n'), 'hello');
  });

  const wrong: Readonly<Record<string, string>> = {
    nothing: '',
    'what is no base64': 'e5IISZ/rt8DprS+dxg9e!Q==',
    base64url: 'e5IISZ_rt8DprS-dxg9eSQ==',
    'base64 without its padding': 'e5IISZ/rt8DprS+dxg9eSQ',
    'base64 that is not canonical': 'e5IISZ/rt8DprS+dxg9eSR==',
    'half a block': 'e5IISZ/rt8A=',
    'a block and a byte': 'e5IISZ/rt8DprS+dxg9eSQA=',
    'a block without padding inside': '5SuiyXZeNaWL6ZNHAwEnOQ==',
    'what is no UTF-8': 'D5xSt6iVShXLQNix6EQtog==',
    blanks: 'e5IISZ/rt8Dp rS+dxg9eSQ==',
  };
  for (const [name, field] of Object.entries(wrong)) {
    test(`reads nothing from ${name}`, () => assert.equal(decryptField(key, field), null));
  }

  test('brings any text back, under its own key only', () => {
    const keys = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    const texts = fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(keys, keys, texts, (one, other, text) => {
        assert.equal(decryptField(one, encryptField(one, text)), text);
        if (one !== other && text !== '') assert.notEqual(decryptField(other, encryptField(one, text)), text);
      }),
      { numRuns: rounds(500, 10_000) },
    );
  });

  test('takes whatever comes without a word', () => {
    const fields = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.base64String({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    );
    fc.assert(
      fc.property(fields, (field) => {
        const text = decryptField(key, field);
        if (text !== null) assert.equal(encryptField(key, text), field.replaceAll(/[\r\n]/g, ''));
      }),
      { numRuns: rounds(5_000, 100_000) },
    );
  });
});
