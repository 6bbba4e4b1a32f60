import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { MessageView } from '../../../src/core/live/events.ts';
import { encodeHistory, lineOf, maxLines } from '../../../src/gateways/frames/history-lines.ts';
import { type HistoryViewer, HistoryWindow } from '../../../src/gateways/frames/history-window.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rounds } from '../../support/long.ts';

const sentAt = Date.UTC(2026, 0, 2, 3, 4, 5, 999);

function message(seq: number, changes: Partial<MessageView> = {}): MessageView {
  const room = { roomId: 'r', roomName: 'R', pair: null };
  const times = { sentAt, editedAt: null, deletedAt: null, revision: 0 };
  return { ...room, seq, sender: 'ada', text: `no. ${seq}`, ...times, ...changes };
}

function historyIn(frame: Buffer | null): string[] {
  assert.ok(frame);
  assert.equal(frame[0], 0x49);
  assert.equal(frame.readUInt16BE(1), frame.length - 3);
  return (JSON.parse(frame.subarray(3).toString()) as { history: string[] }).history;
}

describe('a history', () => {
  const shown = (view: MessageView): string => historyIn(encodeHistory([lineOf(view)!]))[0]!;

  test('says when, who and what, in UTC', () => {
    assert.equal(shown(message(1)), '[2026-01-02 03:04:05] ada: no. 1');
    assert.equal(shown(message(1, { sender: null })), '[2026-01-02 03:04:05] deleted user: no. 1');
    assert.equal(lineOf(message(1, { text: null })), null);
  });

  test('lets no text pass for a line of somebody else', () => {
    for (const breaker of ['\n', '\r\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029']) {
      const text = `hello${breaker}[2026-01-02 03:04:06] bert: I owe ada 100`;
      const lines = shown(message(1, { text })).split(/[\n\r\v\f\u0085\u2028\u2029]/);
      assert.equal(lines.length, 2);
      assert.match(lines[1]!, /^ {4}\[/);
    }
  });

  test('leaves out the oldest until the frame fits, whatever the lines are', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 50 }),
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.integer({ min: 1, max: 65_536 }).map((length) => 'x'.repeat(length)),
      fc.integer({ min: 1, max: 30_000 }).map((length) => '\u0001'.repeat(length)),
      fc.integer({ min: 1, max: 20_000 }).map((length) => '🐈'.repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (texts) => {
        const lines = texts.map((each, at) => lineOf(message(at + 1, { text: each }))!);
        const frame = encodeHistory(lines);
        const history = historyIn(frame);
        assert.ok(frame!.length <= 65_538);
        const all = lines.map(({ json }) => JSON.parse(json) as string);
        assert.deepEqual(history, all.slice(-history.length), 'the newest, in order');
        const older = lines[lines.length - history.length - 1];
        assert.ok(older === undefined || frame!.length - 3 + 1 + older.bytes > 65_535, 'no room was wasted');
        assert.ok(history.every((line) => line.isWellFormed()));
      }),
      { numRuns: rounds(200, 2_000) },
    );
  });

  test('shortens the newest where not even that fits', () => {
    const line = shown(message(1, { text: '"'.repeat(65_536) }));
    assert.ok(line.endsWith('"…') && line.length > 32_000);
  });

  test('is the newest 200, in order, however they come', () => {
    const clock = new ManualClock();
    const page = { messages: [message(3), message(4)], hasMore: false };
    const window = new HistoryWindow({ clock, timers: clock }, 'r', page);
    window.note(message(6));
    window.note(message(5));
    window.note(message(5, { text: 'again' }));
    window.note(message(4, { text: 'edited', revision: 2 }));
    window.note(message(4, { text: 'older edit', revision: 1 }));
    assert.deepEqual(
      historyIn(window.frame()).map((line) => line.split('ada: ')[1]),
      ['no. 3', 'edited', 'no. 5', 'no. 6'],
    );
    for (let seq = 7; seq < 300; seq++) window.note(message(seq));
    const history = historyIn(window.frame());
    assert.equal(history.length, maxLines);
    assert.match(history[0]!, /no\. 100$/);
    window.note(message(7, { text: 'out of sight', revision: 3 }));
    assert.deepEqual(historyIn(window.frame()), history);
    window.note(message(299, { text: null, revision: 4 }));
    assert.equal(historyIn(window.frame()).length, maxLines - 1);
  });

  test('goes out at once after a pause, gathered when things change quickly, and later to who is slow', async () => {
    const clock = new ManualClock();
    const window = new HistoryWindow({ clock, timers: clock }, 'r', { messages: [], hasMore: false });
    const viewer = (unsentBytes = 0) => ({
      unsentBytes,
      got: [] as number[],
      staysLooking: () => true,
      showHistory(_frame: Buffer, seq: number) {
        this.got.push(seq);
      },
    });
    const [quick, slow] = [viewer(), viewer(1_000_000)];
    for (const each of [quick, slow] satisfies HistoryViewer[]) window.viewers.add(each);
    assert.equal(window.frame(), null);
    window.note(message(1));
    assert.deepEqual(quick.got, []);
    await Promise.resolve();
    assert.deepEqual(quick.got, [1]);
    for (let seq = 2; seq <= 50; seq++) window.note(message(seq));
    await Promise.resolve();
    assert.deepEqual(quick.got, [1]);
    clock.advance(400);
    assert.deepEqual(quick.got, [1, 50]);
    assert.deepEqual(slow.got, []);
    slow.unsentBytes = 0;
    clock.advance(400);
    assert.deepEqual([quick.got, slow.got], [[1, 50], [50]]);
    window.leave(quick);
    window.leave(slow);
    window.note(message(51));
    clock.advance(1_000);
    assert.deepEqual([quick.got.length, slow.got.length], [2, 1]);
  });

  test('is shared only by those who see the same of it', () => {
    const parts = { clock: new ManualClock(), timers: new ManualClock() };
    const of = (messages: MessageView[], hasMore = false) =>
      new HistoryWindow(parts, 'r', { messages, hasMore });
    assert.ok(of([message(1), message(2)]).isLike(of([message(1)])));
    assert.ok(!of([message(1), message(2)]).isLike(of([message(2)])), 'who joined later sees less');
    assert.ok(!of([message(2)]).isLike(of([])));
    assert.ok(of([]).isLike(of([])));
    assert.ok(of([message(5)], true).isLike(of([message(4)], true)));
    assert.ok(!of([message(5)], true).isLike(of([message(5)])));
  });
});
