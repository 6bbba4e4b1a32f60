import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServerSentEvents } from '../../src/client/server-sent-events.ts';
import { withCode } from './connected.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('reading server-sent events', () => {
  const text =
    ': open\n\nevent: x\ndata: one\nid: 7\n\ndata:two\r\ndata: again ü\r\n\r\ndata: three\r\rdata\n\n: \n\n';
  const events = ['one', 'two\nagain ü', 'three', ''];

  test('takes any line end, and of the fields only the data', () => {
    assert.deepEqual(new ServerSentEvents().feed(bytes(text)), events);
  });

  test('does not mind where the bytes are split', () => {
    const whole = bytes(text);
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        const reader = new ServerSentEvents();
        const parts = [whole.subarray(0, first), whole.subarray(first, second), whole.subarray(second)];
        assert.deepEqual(
          parts.flatMap((part) => reader.feed(part)),
          events,
        );
      }
    }
  });

  test('hands out nothing that is not ended by an empty line', () => {
    assert.deepEqual(new ServerSentEvents().feed(bytes('data: one\n')), []);
  });

  test('stops at a line that is too long, and at too many of them', () => {
    const limit = 100;
    assert.deepEqual(new ServerSentEvents(limit).feed(bytes(`data: ${'x'.repeat(94)}\n\n`)).length, 1);
    assert.throws(
      () => new ServerSentEvents(limit).feed(bytes('x'.repeat(101))),
      withCode('answer_rejected'),
    );
    const endless = new ServerSentEvents(limit);
    assert.throws(() => {
      for (let line = 0; line < 10; line++) endless.feed(bytes(`data: ${'x'.repeat(50)}\n`));
    }, withCode('answer_rejected'));
  });
});
