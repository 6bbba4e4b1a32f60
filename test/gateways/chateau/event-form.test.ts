import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chateauForm } from '../../../src/gateways/chateau/event-form.ts';

test('being put into a chat is told, and being in the room of all is not', () => {
  const joined = (roomName: string) =>
    chateauForm.encode(
      { kind: 'member_joined', at: 0, roomId: 'r', roomName, pair: null, username: 'ada' },
      null,
    );
  assert.equal(joined('salon')?.kind, 'entered');
  assert.equal(joined('Général'), null);
});
