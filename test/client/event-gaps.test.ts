import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ada, withClient } from './connected.ts';
import { Following, numbersTo } from './following.ts';
import { eventOf } from './protocol-rooms.ts';

describe('what a stream leaves out', { concurrency: true }, () => {
  test('is fetched before what comes after it', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client);
      await following.until('connected');
      for (let at = 0; at < 450; at++) server.rooms.say('hall', 'unheard', true);
      server.rooms.say('hall', 'heard');
      await following.message('hall', 451);
      assert.deepEqual(following.ledger('hall'), numbersTo(451));
      assert.equal(server.count('/list_messages'), 3);
      await following.end();
    });
  });

  test('begins after what was there when it was opened, or where the caller was', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      for (const room of ['hall', 'yard']) for (let at = 0; at < 3; at++) server.rooms.say(room, 'old');
      server.rooms.edit('hall', 1, 'edited');
      const following = new Following(client, { since: { hall: { seq: 2, revision: 0 } } });
      const { rooms } = await following.until('connected');
      assert.deepEqual(
        rooms.map(({ id, last_seq }) => [id, last_seq]),
        [
          ['hall', 3],
          ['yard', 3],
        ],
      );
      server.rooms.say('yard', 'new');
      await following.message('yard', 4);
      assert.deepEqual(following.ledger('hall'), ['1', '3'], 'an edit of the first, and the third');
      assert.deepEqual(following.ledger('yard'), ['4']);
      await following.end();
    });
  });

  for (const path of ['/events', '/list_rooms', '/list_messages']) {
    test(`includes what is said just before ${path} is answered`, async () => {
      await withClient({}, async ({ server, client }) => {
        await client.register(ada);
        server.rooms.say('hall', 'old');
        // History is read only where something is missing, and would bring all else with it.
        if (path === '/list_messages') server.rooms.say('hall', 'missed');
        const following = new Following(client, { since: { hall: 1 } });
        let happens: (() => void) | null = () => server.rooms.say('hall', 'just now');
        server.rooms.before = (asked) => {
          if (asked !== path) return;
          happens?.();
          happens = null;
        };
        await following.until('connected');
        const stream = await server.stream(0);
        stream.send({ kind: 'presence', username: 'bert', online: true });
        await following.until('presence');
        assert.deepEqual(following.ledger('hall'), numbersTo(path === '/list_messages' ? 3 : 2, 2));
        await following.end();
      });
    });
  }

  test('comes after a break, with edits and deletions made meanwhile, each once', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client);
      await following.until('connected');
      for (const text of ['one', 'two', 'three']) server.rooms.say('hall', text);
      await following.message('hall', 3);
      const stream = await server.stream(0);
      stream.cut();
      server.rooms.edit('hall', 1, 'ONE', true);
      server.rooms.say('hall', 'four', true);
      server.rooms.edit('hall', 4, 'FOUR', true);
      server.rooms.edit('hall', 2, null, true);
      await following.until('connected');
      const second = await server.stream(1);
      // Late, and known by now.
      second.send(eventOf(server.rooms.room('hall').messages[3]!));
      server.rooms.edit('hall', 4, 'four again', true);
      server.rooms.edit('hall', 3, 'THREE');
      server.rooms.say('hall', 'five');
      await following.message('hall', 5);
      assert.deepEqual(following.ledger('hall'), [
        '1',
        '2',
        '3',
        '1:ONE',
        '2:null',
        '4',
        '4:four again',
        '3:THREE',
        '5',
      ]);
      const four = following.seen.find((event) => event.kind === 'message' && event.seq === 4);
      assert.ok(four?.kind === 'message' && four.message === 'FOUR', 'in its newest edition');
      await following.end();
    });
  });

  test('is not looked for where the user sees nothing of it', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      const following = new Following(client);
      await following.until('connected');
      const joined = server.rooms.room('joined later');
      for (let at = 0; at < 300; at++) {
        server.rooms.say('joined later', 'before', true);
        server.rooms.edit('joined later', at + 1, 'edited before', true);
      }
      joined.visibleAfter = 300;
      server.rooms.say('joined later', 'hello');
      server.rooms.say('joined later', 'how are you?');
      await following.message('joined later', 302);
      server.rooms.edit('joined later', 7, 'edited before again', true);
      server.rooms.edit('joined later', 301, 'hello again', true);
      server.rooms.edit('joined later', 302, 'how do you do?');
      server.rooms.say('joined later', 'bye');
      await following.message('joined later', 303);
      assert.deepEqual(following.ledger('joined later'), [
        '301',
        '302',
        '301:hello again',
        '302:how do you do?',
        '303',
      ]);
      await following.end();
    });
  });

  test('is given up where the user was removed, and the rest goes on', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.say('hall', 'old');
      server.rooms.say('yard', 'old');
      const following = new Following(client);
      await following.until('connected');
      server.rooms.say('hall', 'unheard', true);
      server.rooms.say('hall', 'the last one heard');
      server.rooms.room('hall').isMember = false;
      server.rooms.say('yard', 'new');
      await following.message('yard', 2);
      assert.deepEqual(following.ledger('hall'), ['3']);
      await following.end();
    });
  });

  test('is looked for in the rooms alone that were asked for', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      for (const room of ['Hall', 'yard']) server.rooms.room(room);
      const following = new Following(client, { rooms: ['hall'] });
      await following.until('connected');
      (await server.stream(0)).cut();
      for (const room of ['yard', 'Hall']) server.rooms.say(room, 'unheard', true);
      await following.until('connected');
      assert.deepEqual(following.ledger('Hall'), ['1']);
      assert.deepEqual(following.ledger('yard'), []);
      assert.equal(server.count('/list_messages'), 1);
      await following.end();
    });
  });

  test('is counted anew on a server that was set back', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client);
      await following.until('connected');
      for (let at = 0; at < 5; at++) server.rooms.say('hall', 'before');
      await following.message('hall', 5);
      server.rooms.room('hall').messages.splice(2);
      (await server.stream(0)).cut();
      await following.until('connected');
      server.rooms.say('hall', 'after');
      assert.equal((await following.message('hall', 3)).message, 'after');
      await following.end();
    });
  });
});
