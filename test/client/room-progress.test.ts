import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RoomProgress } from '../../src/client/room-progress.ts';

describe('the progress of a room', () => {
  test('takes each message once, in order', () => {
    const progress = new RoomProgress({ seq: 2, revision: 0 });
    assert.equal(progress.take({ seq: 2, revision: 0 }), false);
    assert.equal(progress.isBeyondHole({ seq: 4, revision: 0 }), true);
    assert.equal(progress.isBeyondHole({ seq: 3, revision: 0 }), false);
    assert.equal(progress.take({ seq: 3, revision: 0 }), true);
    assert.equal(progress.take({ seq: 3, revision: 0 }), false);
  });

  test('does not take an edit for new that was handed out with its message', () => {
    const progress = new RoomProgress({ seq: 0, revision: 0 });
    assert.equal(progress.take({ seq: 1, revision: 2 }), true);
    assert.equal(progress.takeEdit({ seq: 9, revision: 1 }), false, 'it comes in its turn');
    assert.equal(progress.takeEdit({ seq: 1, revision: 2 }), false);
    assert.equal(progress.takeEdit({ seq: 1, revision: 3 }), true);
    assert.equal(progress.takeEdit({ seq: 1, revision: 3 }), false);
  });

  test('starts again where a server that was set back stands', () => {
    const progress = new RoomProgress({ seq: 9, revision: 4 });
    progress.rewindTo({ seq: 5, revision: 1 });
    assert.equal(progress.take({ seq: 6, revision: 0 }), true);
    assert.equal(progress.takeEdit({ seq: 1, revision: 2 }), true);
    progress.rewindTo({ seq: 50, revision: 10 });
    assert.equal(progress.seq, 6);
  });
});
