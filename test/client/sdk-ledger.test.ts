import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Platform } from '../../src/client/index.ts';
import { sleep } from '../../src/client/waiting.ts';
import { startTestServer } from '../support/test-server.ts';
import { Following, numbersTo } from './following.ts';
import { type Here, fetchTo, newUser } from './sdk-users.ts';

/** Chance that can be had again (Lehmer's generator). */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Cuts streams after a few bytes more, and loses the answers to some of the other requests. */
function breaking(fetch: typeof globalThis.fetch, chance: () => number, isOver: () => boolean): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (isOver()) return response;
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream') === true;
    if (!isStream && chance() < 0.1) {
      await response.body?.cancel();
      throw new Error('the answer was lost');
    }
    if (!isStream || response.body === null) return response;
    let left = 1 + Math.floor(chance() * 3_000);
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        controller.enqueue(chunk.slice(0, left));
        left -= chunk.length;
        if (left > 0) return;
        if (chance() < 0.5) controller.terminate();
        else controller.error(new Error('the connection broke'));
      },
    });
    return new Response(response.body.pipeThrough(cut), response);
  };
}

describe('a connection that breaks again and again', () => {
  const here = {} as Here;
  before(async () => {
    here.server = await startTestServer();
  });
  after(() => here.server.end());

  for (const seed of [1, 2, 3, 4]) {
    test(`loses nothing that two write, and brings nothing twice (seed ${seed})`, async () => {
      const chance = chanceOf(seed * 7_919);
      let isOver = false;
      const platform: Partial<Platform> = {
        fetch: breaking(fetchTo(here), chance, () => isOver),
        sleep: (milliseconds, signal) => sleep(Math.min(milliseconds, 10), signal),
      };
      const writers = [await newUser(here, `ada${seed}`), await newUser(here, `bert${seed}`)];
      const reader = await newUser(here, `carl${seed}`);
      const rooms: string[] = [];
      for (const [at, writer] of writers.entries()) {
        rooms.push((await writer.rooms.create({ room: `room ${seed} ${at}`, kind: 'open' })).room);
      }
      for (const room of rooms) for (const member of [...writers, reader]) await member.rooms.join(room);
      const flaky = await newUser(here, `dora${seed}`, { platform });
      for (const room of rooms) await flaky.rooms.join(room);
      const following = new Following(flaky);
      await following.until('connected');
      const texts = new Map<string, string | null>();
      const write = async (writer: (typeof writers)[number], who: number): Promise<void> => {
        for (let count = 0; count < 60; count++) {
          const room = rooms[(count + who) % 2]!;
          const { seq } = await writer.messages.send({ room, message: `${who} says ${count}` });
          texts.set(`${room} ${seq}`, `${who} says ${count}`);
          if (count % 5 === 4) {
            const message = count % 2 === 0 ? `${who} says ${count} better` : null;
            if (message === null) await writer.messages.delete({ room, seq });
            else await writer.messages.edit({ room, seq, message });
            texts.set(`${room} ${seq}`, message);
          }
        }
      };
      const writing = Promise.all(writers.map(write)).then(() => (isOver = true));
      while (!isOver) await following.until('message');
      await writing;
      // The last words, which come when everything before them has.
      for (const room of rooms) {
        const { seq } = await writers[0]!.messages.send({ room, message: 'the end' });
        texts.set(`${room} ${seq}`, 'the end');
      }
      for (const room of rooms) {
        const last = Math.max(...[...texts.keys()].filter((key) => key.startsWith(room)).map(seqOf));
        const isThere = following.seen.some(
          (each) => each.kind === 'message' && each.room === room && each.seq === last,
        );
        if (!isThere) await following.message(room, last);
        const firsts = following.ledger(room).filter((entry) => !entry.includes(':'));
        assert.deepEqual(firsts, numbersTo(last));
        const editions = following.seen.flatMap((each) =>
          each.kind === 'message' && each.room === room ? [`${each.seq}.${each.revision}`] : [],
        );
        assert.equal(new Set(editions).size, editions.length, 'nothing comes twice');
      }
      const known = new Map<string, string | null>();
      for (const each of following.seen) {
        if (each.kind === 'message' && rooms.includes(each.room))
          known.set(`${each.room} ${each.seq}`, each.message);
      }
      assert.deepEqual(known, texts);
      await following.end();
    });
  }
});

function seqOf(key: string): number {
  return Number(key.split(' ')[1]);
}
