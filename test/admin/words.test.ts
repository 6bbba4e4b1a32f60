import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { takeOptions } from '../../src/admin/options.ts';
import { OpenQuote, listOf, quoteWord, splitLine, wordOf } from '../../src/admin/words.ts';

const texts = (line: string): string[] => splitLine(line).map(({ text }) => text);

describe('a command line', () => {
  const lines: [string, string[]][] = [
    ['', []],
    ['  users  ', ['users']],
    ['ban ada "being rude"', ['ban', 'ada', 'being rude']],
    ['ban ada \'being "rude"\'', ['ban', 'ada', 'being "rude"']],
    ["kick ada 10m it's enough", ['kick', 'ada', '10m', "it's", 'enough']],
    ['say "a \\" b" \'c \\\' d\'', ['say', 'a " b', "c ' d"]],
    ['say "" x', ['say', '', 'x']],
    ['back\\slash "\\\\"', ['back\\slash', '\\']],
    ['add room "Sales, EU",Ops', ['add', 'room', 'Sales, EU,Ops']],
  ];
  for (const [line, words] of lines) {
    test(`is split: ${line}`, () => assert.deepEqual(texts(line), words));
  }

  test('is refused when a quote stays open', () => {
    for (const line of ['add room "Sales', "x 'y", 'add room a,"b', 'x "y\\"']) {
      assert.throws(() => splitLine(line), OpenQuote, line);
    }
  });

  test('gives back every word that was put in quotes for it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        const read = splitLine(words.map(quoteWord).join('  '));
        assert.deepEqual(
          read.map(({ text }) => text),
          words,
        );
      }),
    );
  });

  test('gives back every list of names, with or without spaces behind the commas', () => {
    const names = fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1 });
    fc.assert(
      fc.property(names, fc.constantFrom(',', ', ', ' ,', ' , '), (items, comma) => {
        assert.deepEqual(listOf(splitLine(items.map(quoteWord).join(comma))), items);
      }),
    );
  });

  test('is split, or refused for a quote, whatever it is', () => {
    const anything = fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", ',', '\\', 'é', '\t') });
    fc.assert(
      fc.property(anything, (line) => {
        try {
          for (const { text, parts } of splitLine(line)) assert.equal(parts.join(','), text);
        } catch (error) {
          assert.ok(error instanceof OpenQuote);
        }
      }),
    );
  });
});

describe('a list of names', () => {
  const lists: [string, string[] | null][] = [
    ['a,b', ['a', 'b']],
    ['"a b",c', ['a b', 'c']],
    ['"a,b"', ['a,b']],
    ['a, b ,c , d', ['a', 'b', 'c', 'd']],
    ["L'équipe,Café", ["L'équipe", 'Café']],
    ['a b', null],
    ['a,,b', null],
    ['a,', null],
    [',a', null],
    ['""', null],
    ['', null],
  ];
  for (const [line, items] of lists) {
    test(`is read: ${line}`, () => assert.deepEqual(listOf(splitLine(line)), items));
  }
});

describe('an argument from a shell', () => {
  test('is one word with its spaces, and as it is where quotes in it make no sense', () => {
    assert.equal(wordOf('being rude').text, 'being rude');
    assert.equal(wordOf("'tis rude").text, "'tis rude");
    assert.deepEqual(wordOf('Sales team,Ops').parts, ['Sales team', 'Ops']);
    assert.deepEqual(wordOf('"Sales, EU",Ops').parts, ['Sales, EU', 'Ops']);
    assert.deepEqual(wordOf('"Sales,Ops').parts, ['"Sales,Ops']);
  });
});

describe('options', () => {
  const of = (line: string) => {
    const { options, words } = takeOptions(splitLine(line));
    return [options.yes, options.json, words.map(({ text }) => text).join(' ')];
  };
  test('stand at the beginning or the end, in between they are words', () => {
    assert.deepEqual(of('users --json'), [false, true, 'users']);
    assert.deepEqual(of('--yes --json users'), [true, true, 'users']);
    assert.deepEqual(of('ban ada says --yes a lot'), [false, false, 'ban ada says --yes a lot']);
    assert.deepEqual(of('ban ada says "--yes"'), [false, false, 'ban ada says --yes']);
    assert.deepEqual(of('--yes'), [true, false, '']);
  });
});
