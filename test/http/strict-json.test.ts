import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseStrictJson } from '../../src/http/strict-json.ts';
import { assertGrowsLinearly } from '../support/growth.ts';

function read(text: string): unknown {
  const parsed = parseStrictJson(Buffer.from(text));
  assert.ok(parsed.ok, `${text.slice(0, 80)}: ${parsed.ok ? '' : parsed.problem}`);
  return parsed.value;
}

function refused(text: string | Uint8Array): string {
  const parsed = parseStrictJson(typeof text === 'string' ? Buffer.from(text) : Buffer.from(text));
  assert.ok(!parsed.ok, `${text.toString().slice(0, 80)} is read`);
  return parsed.problem;
}

describe('strict JSON', () => {
  test('is JSON', () => {
    for (const text of [
      '{}',
      '[]',
      'null',
      '0',
      '"a"',
      ' { "a" : [ 1 , { "b" : "c:,{}[]\\"" } ] } \n',
      '{"é":"\\u00e9😀"}',
    ]) {
      assert.deepEqual(read(text), JSON.parse(text));
    }
    const broken = [
      '',
      ' ',
      '{',
      '}',
      '{"a"}',
      '{a:1}',
      "{'a':1}",
      '[1,]',
      '{"a":1,}',
      '"',
      '"\\',
      '"\\"',
      '{} {}',
      '01',
      'NaN',
      '\ufeff{}',
      '"\n"',
      'undefined',
      '/**/{}',
      '{"a":1}]',
    ];
    for (const text of broken) assert.match(refused(text), /not JSON/);
  });

  test('is valid UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc3, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
    ]) {
      assert.match(refused(Buffer.from(bytes)), /UTF-8/);
    }
    assert.match(refused(Buffer.from('{"a":1}', 'utf16le')), /not JSON/);
  });

  test('has no member twice, on no level, in no spelling', () => {
    const twice = [
      '{"a":1,"a":1}',
      '{"a":1,"b":2,"a":3}',
      '[{"a":{"b":1,"b":2}}]',
      '{"a":1,"\\u0061":2}',
      '{"":1,"":2}',
      '{"1":1,"1":2}',
      '{"a":{"x":1},"a":{"x":1}}',
      '{"a":{},"a":{"x":1,"y":2}}',
    ];
    for (const text of twice) assert.match(refused(text), /twice/);
    read('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":0}');
    read('{"a:b":":","c":"\\":\\\\"}');
    read('{"a\\\\":1,"b":"\\\\","c\\\\\\"":":"}');
  });

  test('names nothing that JavaScript has a meaning for', () => {
    for (const name of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__', 'const\\u0072uctor']) {
      assert.match(refused(`{"${name}":1}`), /not allowed/);
      assert.match(refused(`[{"a":{"${name}":{"x":1}}}]`), /not allowed/);
    }
    read('["__proto__"]');
  });

  test('has no unpaired surrogate', () => {
    for (const text of [
      '"\\ud800"',
      '"\\uDC00"',
      '"\\udc00\\ud800"',
      '["a\\ud83d"]',
      '{"\\ud800":1}',
      '{"a":{"b":"\\udfff"}}',
    ]) {
      assert.match(refused(text), /not allowed/);
    }
    assert.equal(read('"\\ud83d\\ude00"'), '😀');
    assert.equal(read('"\\\\ud800"'), '\\ud800');
  });

  test('has no number that a double cannot hold', () => {
    for (const text of ['1e999', '[-1e999]', '{"a":1e400}']) assert.match(refused(text), /not allowed/);
    assert.equal(read('1e308'), 1e308);
  });

  test('is nested 16 levels at most', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    read(nested(16));
    assert.match(refused(nested(17)), /deep/);
    const objects = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
    read(objects(16));
    assert.match(refused(objects(17)), /deep/);
    assert.match(refused('['.repeat(250_000)), /deep/);
    assert.match(refused('{"a":'.repeat(50_000)), /deep/);
    read(`["${'['.repeat(1000)}"]`);
    read(`[${Array(500).fill('[]').join(',')}]`);
  });

  test('has 1,000 members and items at most', () => {
    const members = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index])));
    const items = (count: number): string => JSON.stringify(Array(count).fill(1));
    read(members(1000));
    assert.match(refused(members(1001)), /too many/);
    read(items(1000));
    assert.match(refused(items(1001)), /too many/);
    read(`{"a":${items(499)},"b":${members(499)}}`);
    assert.match(refused(`{"a":${items(500)},"b":${members(499)}}`), /too many/);
    assert.match(refused(`[${Array(60).fill(items(16)).join(',')}]`), /too many/);
    read(`["${','.repeat(5000)}${':'.repeat(5000)}"]`);
    const few = parseStrictJson(Buffer.from('[[1],[2]]'), { depth: 2, members: 4 });
    assert.ok(few.ok);
    assert.ok(!parseStrictJson(Buffer.from('[[1],[2]]'), { depth: 2, members: 3 }).ok);
    assert.ok(!parseStrictJson(Buffer.from('[[1],[2]]'), { depth: 1, members: 4 }).ok);
  });

  test('is told from what is not without work that grows with the square of its length', async () => {
    const worst = (size: number): Buffer[] =>
      [
        ...['[', '{"a":', '"', '\\', '"\\', '\\"', ',', ':', '[],', '{"a":1},', '"",', '1,', '""', ' '].map(
          (unit) => `[${unit.repeat(Math.floor(size / unit.length) - 1)}`,
        ),
        `"${'\\\\'.repeat(Math.floor(size / 2) - 1)}"`,
        `"${'\\"'.repeat(Math.floor(size / 2) - 1)}"`,
        `"${'\\ud800'.repeat(Math.floor(size / 6) - 1)}"`,
        `"${'é'.repeat(Math.floor(size / 2) - 1)}"`,
      ].map((text) => Buffer.from(text));
    const sizes = new Map([256 * 1024, 32 * 1024].map((size) => [size, worst(size)]));
    for (const [at, bytes] of worst(64).entries()) {
      const parse = (size: number) => parseStrictJson(sizes.get(size)?.[at] ?? Buffer.alloc(0));
      await assertGrowsLinearly(256 * 1024, parse, bytes.toString('latin1', 0, 12));
    }
  });

  test('says nothing of what stood in it', () => {
    for (const text of ['{"password":"hunter2hunter2"', '{"a":"hunter2","a":1}', '{"hunter2":"\\ud800"}']) {
      assert.doesNotMatch(refused(text), /hunter2/);
    }
  });
});

/** JSON in the plainest words: what is written, before any reader collapses it. */
type Tree =
  | { kind: 'scalar'; text: string; well: boolean }
  | { kind: 'array'; items: Tree[] }
  | { kind: 'object'; members: { name: string; text: string; well: boolean; value: Tree }[] };

const spelledString = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', ':', ',', '{', '}', '[', ']', '"', '\\', '\n', 'é', '😀', '_'),
      fc.constantFrom('\ud800', '\udc00'),
    ),
    { maxLength: 4 },
  )
  .chain((units) => {
    const value = units.join('');
    return fc.tuple(
      fc.constant(value),
      fc.array(fc.boolean(), { minLength: value.length, maxLength: value.length }),
    );
  })
  .map(([value, escaped]) => {
    const text = Array.from({ length: value.length }, (_, index) => {
      const unit = value.charAt(index);
      const isSurrogate = /[\ud800-\udfff]/.test(unit);
      if (isSurrogate || escaped[index]) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
      return JSON.stringify(unit).slice(1, -1);
    }).join('');
    return { name: value, text: `"${text}"`, well: value.isWellFormed() };
  });

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc
        .constantFrom('1', '-0.5e2', 'true', 'null')
        .map((text): Tree => ({ kind: 'scalar', text, well: true })),
      spelledString.map(({ text, well }): Tree => ({ kind: 'scalar', text, well })),
    ),
    fc.array(tie('tree'), { maxLength: 4 }).map((items): Tree => ({ kind: 'array', items })),
    fc
      .array(
        fc.tuple(
          fc.oneof(
            fc.constantFrom('a', 'b', 'constructor').map((name) => ({ name, text: `"${name}"`, well: true })),
            spelledString,
          ),
          tie('tree'),
        ),
        { maxLength: 4 },
      )
      .map((members): Tree => ({
        kind: 'object',
        members: members.map(([name, value]) => ({ ...name, value })),
      })),
  ),
}));

function write(node: Tree, space: string): string {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'array')
    return `[${space}${node.items.map((item) => write(item, space)).join(`${space},`)}${space}]`;
  const members = node.members.map(({ text, value }) => `${text}${space}:${space}${write(value, space)}`);
  return `{${space}${members.join(`${space},${space}`)}${space}}`;
}

function isStrict(node: Tree): boolean {
  if (node.kind === 'scalar') return node.well;
  if (node.kind === 'array') return node.items.every(isStrict);
  const names = node.members.map(({ name }) => name);
  return (
    new Set(names).size === names.length &&
    !names.includes('constructor') &&
    node.members.every(({ well, value }) => well && isStrict(value))
  );
}

function depthOf(node: Tree): number {
  if (node.kind === 'scalar') return 0;
  const inner = node.kind === 'array' ? node.items : node.members.map(({ value }) => value);
  return 1 + Math.max(0, ...inner.map(depthOf));
}

function sizeOf(node: Tree): number {
  if (node.kind === 'scalar') return 0;
  const inner = node.kind === 'array' ? node.items : node.members.map(({ value }) => value);
  return inner.length + inner.reduce((sum, each) => sum + sizeOf(each), 0);
}

describe('strict JSON against a tree that was written down', () => {
  test('is read exactly when the tree is strict and within its limits', () => {
    let strict = 0;
    const limits = { depth: 4, members: 12 };
    fc.assert(
      fc.property(tree, fc.constantFrom('', ' ', '\n\t'), (node, space) => {
        const text = write(node, space);
        const expected = isStrict(node) && depthOf(node) <= limits.depth && sizeOf(node) <= limits.members;
        if (expected) strict += 1;
        const parsed = parseStrictJson(Buffer.from(text), limits);
        assert.equal(parsed.ok, expected, text);
        if (parsed.ok) assert.deepEqual(parsed.value, JSON.parse(text));
      }),
      { numRuns: 3000 },
    );
    assert.ok(strict > 300 && strict < 2900, `${strict} of 3000 were strict`);
  });

  test('is never read where the engine does not read it, and never throws', () => {
    const shreds = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"',
        '\\',
        '"a"',
        '"b"',
        '1',
        'null',
        ' ',
        '\\ud800',
        'é',
        '"__proto__"',
      ),
      { maxLength: 14 },
    );
    fc.assert(
      fc.property(shreds, (pieces) => {
        const text = pieces.join('');
        const parsed = parseStrictJson(Buffer.from(text));
        if (parsed.ok) assert.deepEqual(parsed.value, JSON.parse(text));
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        parseStrictJson(Buffer.from(bytes));
      }),
    );
  });
});
