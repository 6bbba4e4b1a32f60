import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { visible, visibleLine } from '../../examples/chat/visible.ts';

describe('what others wrote, made visible', () => {
  test('keeps what people write', () => {
    const texts = ['Grüße, مرحبا, नमस्ते, 你好', '👩‍👩‍👧 ❤️ 🏳️‍🌈', 'می‌خواهم', 'one\ntwo', 'e\u0301'];
    for (const text of texts) assert.equal(visible(text), text);
  });

  test('shows what would act, and does not do it', () => {
    assert.equal(visible('\u001b[31mred\u001b]8;;http://x\u0007'), '␛[31mred␛]8;;http://x␇');
    assert.equal(visible('\u0000\u007f\u0085\u009c'), '␀␡⟨U+0085⟩⟨U+009C⟩');
    assert.equal(
      visible('\u202eevil\u2069\u200f\ufeff\u{e0041}'),
      '⟨U+202E⟩evil⟨U+2069⟩⟨U+200F⟩⟨U+FEFF⟩⟨U+E0041⟩',
    );
    assert.equal(visible('\u2028\u2029\ud800'), '⟨U+2028⟩⟨U+2029⟩\ufffd');
    assert.equal(visible('a\r\nb\rc\td'), 'a\nb\nc    d');
    assert.equal(visibleLine('a\r\nb'), 'a␊b');
  });

  test('leaves none of the characters that act, of all there are', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const shown = visible(String.fromCodePoint(code));
      const acts = /(?!\n)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
      assert.doesNotMatch(shown, acts);
    }
  });

  test('does not let marks pile up over other lines', () => {
    assert.equal(visible(`a${'\u0300'.repeat(50)}`), `a${'\u0300'.repeat(4)}`);
  });
});
