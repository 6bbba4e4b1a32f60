import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { harmless, harmlessJson } from '../../src/admin/harmless.ts';
import { columnWidth, render } from '../../src/admin/render.ts';
import { sentence, table } from '../../src/admin/report.ts';

/** What no output may hold: controls, format characters but the joiners, line separators, halves of characters. */
const acting = /(?!\u200c|\u200d|\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('a text that is printed', () => {
  const texts: [string, string][] = [
    ['\u001b[2J\u001b]0;title\u0007', '\\u001b[2J\\u001b]0;title\\u0007'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\u000dd'],
    ['\u009b31m', '\\u009b31m'],
    ['evil\u202etxt', 'evil\\u202etxt'],
    ['\u2066x\u2069\u200f', '\\u2066x\\u2069\\u200f'],
    ['line\u2028separator', 'line\\u2028separator'],
    ['tag\u{e0041}', 'tag\\udb40\\udc41'],
    ['half \ud83d', 'half \\ud83d'],
    ['Général 東京 👩‍👩‍👧 ❤️', 'Général 東京 👩‍👩‍👧 ❤️'],
    [`a${'\u0300'.repeat(50)}`, `a${'\u0300'.repeat(8)}…`],
  ];
  for (const [text, shown] of texts) {
    test(`does nothing: ${JSON.stringify(text).slice(0, 40)}`, () => assert.equal(harmless(text), shown));
  }

  test('never holds what acts in a terminal, nor does JSON, which still says the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(harmless(text), acting);
        assert.doesNotMatch(harmless(text), /\n/);
        const json = harmlessJson({ text: [text] });
        assert.doesNotMatch(json, acting);
        assert.deepEqual(JSON.parse(json), { text: [text] });
      }),
    );
  });
});

const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

describe('blocks', () => {
  const blocks = [
    table(
      ['user', '#age', 'x'],
      [
        ['ada\u001b[31m', 7, ''],
        ['東京', 12, 'y'],
      ],
    ),
    sentence('done\u001b[0m', 'good'),
  ];

  test('are aligned, by the columns that letters take', () => {
    assert.equal(
      render(blocks, { colours: false }),
      ['user           age  x', 'ada\\u001b[31m    7', '東京            12  y', 'done\\u001b[0m', ''].join(
        '\n',
      ),
    );
    assert.equal(columnWidth('東京é'), 5);
    assert.equal(columnWidth('e\u0301'), 1);
  });

  test('get no escapes but the colours of the renderer', () => {
    const text = render(blocks, { colours: true });
    assert.deepEqual(text.match(colour), ['\u001b[1m', '\u001b[0m', '\u001b[32m', '\u001b[0m']);
    assert.equal(text.replaceAll(colour, ''), render(blocks, { colours: false }));
  });
});
