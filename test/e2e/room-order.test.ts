import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { EventReader } from '../support/event-reader.ts';
import { type SealedClient, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

interface Shown {
  readonly seq: number;
  readonly message: string | null;
  readonly from: string;
  readonly revision: number;
}

describe('the order of a room', () => {
  let server: TestServer;
  let clients: SealedClient[];
  const names = ['anna', 'boris', 'clara', 'dora'];
  before(async () => {
    server = await startTestServer();
    clients = await Promise.all(names.map((name) => registered(server.url, name)));
  });
  after(() => server.end());

  async function history(client: SealedClient, room: string): Promise<Shown[]> {
    const all: Shown[] = [];
    for (;;) {
      const after_seq = all.at(-1)?.seq ?? 0;
      const page = await client.must('/list_messages', { room, after_seq, limit: 200 });
      all.push(...(page['messages'] as unknown as Shown[]));
      if (!page['has_more']) return all;
    }
  }

  test('is one, without gap or repeat, under 50 writers and 10,000 messages', async () => {
    const [owner] = clients as [SealedClient];
    const { room } = await owner.must('/create_room', { room: 'crowded', kind: 'open' });
    const [, second] = clients as [SealedClient, SealedClient];
    await second.must('/join_room', { room });
    const events = await EventReader.open(second);
    const writers = Array.from({ length: 50 }, async (_, writer) => {
      const seqs: number[] = [];
      for (let at = 0; at < 200; at++) {
        const sent = await (writer % 2 === 0 ? owner : second).must('/send_message', {
          room,
          message: `${writer} ${at}`,
        });
        seqs.push(Number(sent['seq']));
      }
      assert.deepEqual(
        seqs,
        seqs.toSorted((a, b) => a - b),
        'what was acknowledged first has the lower number',
      );
      return seqs;
    });
    const acknowledged = (await Promise.all(writers)).flat().toSorted((a, b) => a - b);
    const expected = Array.from({ length: 10_000 }, (_, at) => at + 1);
    assert.deepEqual(acknowledged, expected);
    const stored = await history(second, String(room));
    assert.deepEqual(
      stored.map(({ seq }) => seq),
      expected,
    );
    assert.equal(new Set(stored.map(({ message }) => message)).size, 10_000);
    await events.next('message', ({ seq }) => Number(seq) === 10_000);
    events.close();
  });

  test('is what a small model says, whatever is done in whatever order', async () => {
    let rooms = 0;
    const who = fc.integer({ min: 1, max: 3 });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), who }) },
      fc.record({
        kind: fc.constantFrom('join' as const, 'leave' as const, 'ban' as const, 'unban' as const),
        who,
      }),
      fc.record({ kind: fc.constantFrom('edit' as const, 'delete' as const), who, at: fc.nat(20) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const name = `model ${++rooms}`;
        const [owner] = clients as [SealedClient];
        const { room } = await owner.must('/create_room', { room: name, kind: 'open' });
        const model = new RoomModel();
        for (const each of steps) {
          const client = clients[each.who]!;
          const username = names[each.who]!;
          const { expected, path, fields, asker } = model.step(each, {
            room: String(room),
            username,
            client,
            owner,
          });
          const { status, body } = await asker.call(path, fields);
          assert.equal(status === 200 ? 'ok' : body['code'], expected, `${each.kind} by ${username}`);
        }
        for (const [at, username] of names.entries()) {
          const client = clients[at]!;
          if (!model.members.has(username)) continue;
          const shown = (await history(client, String(room))).map(({ seq, message, from }) => ({
            seq,
            message,
            from,
          }));
          assert.deepEqual(shown, model.visibleTo(username));
        }
      }),
      { numRuns: 60 },
    );
  });
});

interface ModelStep {
  readonly kind: 'send' | 'join' | 'leave' | 'ban' | 'unban' | 'edit' | 'delete';
  readonly who: number;
  readonly at?: number;
}

interface Question {
  readonly expected: string;
  readonly path: string;
  readonly fields: object;
  readonly asker: SealedClient;
}

/** What a room is, in the fewest words. */
class RoomModel {
  /** Members, and what was the last message before they joined. */
  readonly members = new Map<string, number>([['anna', 0]]);
  private readonly banned = new Set<string>();
  private readonly messages: { seq: number; message: string | null; from: string }[] = [];
  private words = 0;

  visibleTo(username: string): { seq: number; message: string | null; from: string }[] {
    return this.messages.filter(({ seq }) => seq > (this.members.get(username) ?? Infinity));
  }

  step(
    step: ModelStep,
    {
      room,
      username,
      client,
      owner,
    }: { room: string; username: string; client: SealedClient; owner: SealedClient },
  ): Question {
    const isMember = this.members.has(username);
    const away = this.banned.has(username) ? 'banned_from_room' : 'not_a_member';
    const text = `words ${++this.words}`;
    const ask = (expected: string, path: string, fields: object, asker = client): Question => {
      return { expected, path, fields: { room, ...fields }, asker };
    };
    switch (step.kind) {
      case 'send':
        if (isMember) this.messages.push({ seq: this.messages.length + 1, message: text, from: username });
        return ask(isMember ? 'ok' : away, '/send_message', { message: text });
      case 'join':
        if (this.banned.has(username)) return ask(away, '/join_room', {});
        if (!isMember) this.members.set(username, this.messages.length);
        return ask('ok', '/join_room', {});
      case 'leave':
        this.members.delete(username);
        return ask(isMember ? 'ok' : away, '/leave_room', {});
      case 'ban':
        this.members.delete(username);
        this.banned.add(username);
        return ask('ok', '/ban_member', { username }, owner);
      case 'unban': {
        const wasBanned = this.banned.delete(username);
        return ask(wasBanned ? 'ok' : 'invalid_input', '/unban_member', { username }, owner);
      }
      case 'edit':
      case 'delete':
        return this.revise(step, username, isMember ? null : away, text, ask);
    }
  }

  private revise(
    { kind, at = 0 }: ModelStep,
    username: string,
    away: string | null,
    text: string,
    ask: (expected: string, path: string, fields: object) => Question,
  ): Question {
    const seq = at + 1;
    const message = this.visibleTo(username).find((each) => each.seq === seq);
    const path = kind === 'edit' ? '/edit_message' : '/delete_message';
    const fields = kind === 'edit' ? { seq, message: text } : { seq };
    if (away !== null) return ask(away, path, fields);
    if (message === undefined || message.message === null) return ask('message_unknown', path, fields);
    if (message.from !== username) return ask('forbidden', path, fields);
    message.message = kind === 'edit' ? text : null;
    return ask('ok', path, fields);
  }
}
