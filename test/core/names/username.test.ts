import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { foldName, readUsername } from '../../../src/core/names/username.ts';
import { assertGrowsLinearly } from '../../support/growth.ts';

function accepted(input: string): { username: string; key: string } {
  const read = readUsername(input);
  assert.ok(read.ok, `${JSON.stringify(input)}: ${read.ok ? '' : read.problem}`);
  return { username: read.username, key: read.key };
}

function refused(input: string): string {
  const read = readUsername(input);
  assert.ok(!read.ok, `${JSON.stringify(input)} is accepted`);
  return read.problem;
}

describe('a username', () => {
  test('is 1 to 40 letters, digits and _ . -', () => {
    assert.deepEqual(accepted('Alice_B.c-9'), { username: 'Alice_B.c-9', key: 'alice_b.c-9' });
    for (const name of ['a', '7', '.a', 'a.', '-_0', 'x'.repeat(40)])
      assert.equal(accepted(name).username, name);
    for (const name of [
      '',
      'x'.repeat(41),
      'a b',
      ' a',
      'a\n',
      'a\0',
      'a/b',
      'a@b',
      'a%41',
      '"a"',
      '<a>',
      '😀',
      'a€',
    ]) {
      refused(name);
    }
  });

  test('has at least one letter or digit', () => {
    for (const name of ['.', '..', '-', '___', '.-_']) assert.match(refused(name), /letter or digit/);
  });

  test('may be written in any living script, with its marks and digits', () => {
    const names =
      'Žofie Ελένη Дмитрий علی שרה देवी আকাশ แก้วตา 김철수 田中さくらサクラ 陳ㄔㄣˊ 金김 ආකාශ ꆈꌠ አበበ ẹ́bùn ကြွှောင်';
    for (const name of names.split(' ').filter((each) => !each.includes('ˊ'))) accepted(name);
    accepted('देवी२');
    accepted('علی۱۲');
    accepted('дмитрий2');
    accepted('q\u0316');
  });

  test('has letters of one script only', () => {
    const mixed = {
      cyrillic: 'аlice',
      greek: 'αlice',
      latinAndHan: 'a田',
      hangulAndKana: '김さ',
      dead: '𐌰𐌱',
    };
    for (const name of Object.values(mixed)) assert.match(refused(name), /one script/);
  });

  test('has no letters that pass for signs', () => {
    for (const name of ['oʼneil', 'oˈneil', 'aꞏb'.replace('ꞏ', '\u02d0'), 'عـلي', 'aʹ'])
      assert.match(refused(name), /only/);
    accepted('サーバー');
  });

  test('has digits of ASCII or of its script, of one kind', () => {
    assert.match(refused('bob२'), /one script/);
    assert.match(refused('देवी2२'), /one kind/);
    assert.match(refused('علی١۱'), /one kind/);
  });

  test('has marks only on letters, and no pile of them', () => {
    assert.match(refused('\u0301a'), /mark/);
    assert.match(refused('a-\u0301'), /mark/);
    assert.match(refused('1\u0301'), /mark/);
    assert.match(refused(`q${'\u0303'.repeat(20)}`), /too many/);
    assert.match(refused(`ก${'\u0e49'.repeat(3)}`), /too many/);
    refused('a\u20dd');
  });

  test('has nothing invisible in it', () => {
    for (const hidden of [
      '\u3164',
      '\u115f',
      '\uffa0',
      '\u200b',
      '\u200d',
      '\u2060',
      '\ufe0f',
      '\u034f',
      '\u180b',
      '\u202e',
      '\u00ad',
    ]) {
      refused(hidden);
      refused(`김${hidden}`);
      refused(`a${hidden}`);
    }
  });

  test('is kept in NFKC', () => {
    assert.equal(accepted('Ame\u0301lie').username, 'Am\u00e9lie');
    assert.equal(accepted('ｂｏｂ２').username, 'bob2');
    assert.equal(accepted('ﬁn').username, 'fin');
  });

  test('is counted in code points, as typed and in NFKC', () => {
    accepted('𠮷'.repeat(40));
    refused('𠮷'.repeat(41));
    accepted('ﷲ'.repeat(10));
    refused('ﷲ'.repeat(11));
    refused('a\u0301'.repeat(21));
  });

  test('is well-formed', () => {
    assert.match(refused('a\ud800'), /well-formed/);
    assert.match(refused('\udc00a'), /well-formed/);
  });

  test('of 250 KB is refused without a scan that grows with the square of its length', async () => {
    for (const unit of ['a', 'ﷺ', '\u0301', '\ud800']) {
      await assertGrowsLinearly(250_000, (size) => refused(unit.repeat(size)), unit);
    }
  });

  test('is one name in all its spellings', () => {
    const groups = [
      ['straße', 'STRASSE', 'strasse', 'STRAẞE', 'Straſſe'],
      ['οδος', 'ΟΔΟΣ', 'οδοσ', 'Οδος'],
      ['ivan', 'IVAN', 'İvan', 'ıvan', 'i\u0307van'],
      ['kelvin', '\u212aelvin', 'Kelvin', 'ＫＥＬＶＩＮ'],
      ['am\u00e9lie', 'AME\u0301LIE'],
      ['علی1', 'علی۱', 'علی١'],
      ['დავით', 'ᲓᲐᲕᲘᲗ'],
    ];
    for (const group of groups) {
      assert.equal(new Set(group.map((name) => accepted(name).key)).size, 1, group.join(' '));
    }
  });

  test('has a key in which a sigma at the end is a sigma', () => {
    assert.equal(accepted('ΟΔΟΣ').key, 'οδοσ');
    assert.equal(accepted('οδος.οδος').key, 'οδοσ.οδοσ');
  });

  test('has the same key whichever way it is read', () => {
    assert.equal(accepted('Bob_7').key, foldName('Bob_7'));
  });
});

describe('folding a name', () => {
  test('changes nothing the second time, and does not see case or composition, for each character there is', () => {
    for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
      const character = String.fromCodePoint(codePoint);
      if (!/[\p{L}\p{M}\p{N}\p{S}]/u.test(character) || /\p{Unified_Ideograph}/u.test(character)) continue;
      const folded = foldName(character);
      const spellings = [
        folded,
        character.toUpperCase(),
        character.toLowerCase(),
        character.normalize('NFD'),
      ];
      if (spellings.some((each) => foldName(each) !== folded)) assert.fail(codePoint.toString(16));
    }
  });

  const lettersAndMarks = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...Array.from('aiıİßẞσςΣǰΐᾳ\u0345\u0307\u0301\u0323ŉſK٣۳३.-_')),
      fc.integer({ min: 0x20, max: 0x1ffff }).map((each) => String.fromCodePoint(each)),
    ),
    maxLength: 12,
  });

  test('gives accepted names a key that is a fixed point, shared by all cases', () => {
    fc.assert(
      fc.property(lettersAndMarks, (input) => {
        const read = readUsername(input);
        if (!read.ok) return;
        assert.equal(foldName(read.key), read.key);
        assert.equal(foldName(read.username.toUpperCase()), read.key);
        assert.equal(foldName(read.username.toLowerCase()), read.key);
        assert.deepEqual(readUsername(read.username), read);
      }),
      { numRuns: 3000 },
    );
  });
});
