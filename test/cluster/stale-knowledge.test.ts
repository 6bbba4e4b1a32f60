import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Cluster,
  type ClusterNode,
  eventually,
  skipWithoutCluster,
  startCluster,
} from '../support/cluster.ts';
import { EventReader } from '../support/event-reader.ts';
import { isLong } from '../support/long.ts';
import { type Answer, SealedClient, passwordOf, registered } from '../support/sealed-client.ts';

/** What takes somebody's rights away on one node, and what any node answers them from then on. */
interface Revocation {
  readonly what: string;
  readonly act: (victim: Victim) => Promise<unknown>;
  readonly code: string;
  /** A member who is removed stays connected. */
  readonly endsStreams: boolean;
}

/** Somebody who listens on one node, and sends there. */
interface Victim {
  readonly name: string;
  readonly client: SealedClient;
  readonly stream: EventReader;
}

/** Another session of the same user on another node. */
async function elsewhere(node: ClusterNode, name: string): Promise<SealedClient> {
  const client = await SealedClient.open(node.url);
  await client.must('/login_user', { username: name, password: passwordOf(name) });
  return client;
}

/** The limit is 2 s; here other tests run beside it. */
const endMilliseconds = 10_000;
/** Longer than anything is believed without being looked at. */
const pauseMilliseconds = isLong ? 10_000 : 3_500;

describe('what one node has taken away', { skip: skipWithoutCluster }, () => {
  let cluster: Cluster;
  let here: ClusterNode;
  let there: ClusterNode;
  let owner: SealedClient;
  let room: string;
  let names = 0;
  before(async () => {
    cluster = await startCluster();
    [here, there] = cluster.nodes as [ClusterNode, ClusterNode];
    owner = await registered(here.url, 'owner');
    room = String((await owner.must('/create_room', { room: 'guarded', kind: 'open' }))['room']);
  });
  after(() => cluster?.end());

  const revocations: readonly Revocation[] = [
    {
      what: 'a ban',
      act: ({ name }) => here.admin('ban', name, 'enough'),
      code: 'banned',
      endsStreams: true,
    },
    {
      what: 'a logout',
      act: ({ client }) => at(here, client).must('/logout'),
      code: 'session_unknown',
      endsStreams: true,
    },
    {
      what: 'a changed password',
      act: async ({ name }) => {
        const other = await elsewhere(here, name);
        const change = { password: passwordOf(name), new_password: 'another fine long secret' };
        await other.must('/change_password', change);
      },
      code: 'session_unknown',
      endsStreams: true,
    },
    {
      what: 'a removal from a room',
      act: ({ name }) => owner.must('/remove_member', { room, username: name, reason: 'enough' }),
      code: 'removed_from_room',
      endsStreams: false,
    },
  ];

  async function newVictims(): Promise<Map<Revocation, Victim>> {
    const victims = new Map<Revocation, Victim>();
    for (const revocation of revocations) {
      const name = `victim${names++}`;
      const client = await registered(there.url, name);
      await client.must('/join_room', { room });
      victims.set(revocation, { name, client, stream: await EventReader.open(client) });
    }
    return victims;
  }

  /** Until the stream is over, or its reader has been told that they are out. @returns milliseconds */
  async function out({ endsStreams, what }: Revocation, { stream }: Victim): Promise<number> {
    const startedAt = performance.now();
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`${what} did not reach a stream`)), endMilliseconds).unref();
    });
    const over = endsStreams
      ? stream.ended
      : stream.next('room_changed', (event) => String(event['state']) === 'removed');
    await Promise.race([over, late]);
    return Math.round(performance.now() - startedAt);
  }

  async function refusedEverywhere(victims: ReadonlyMap<Revocation, Victim>): Promise<void> {
    for (const [{ code }, { client }] of victims) {
      for (const node of cluster.nodes) {
        await at(node, client).refused(code, '/send_message', { room, message: 'I should not say this' });
      }
    }
  }

  async function nothingWasSaid(): Promise<void> {
    const { messages } = await owner.must('/list_messages', { room, limit: 200 });
    const texts = (messages as unknown as { message: string }[]).map(({ message }) => message);
    assert.deepEqual(
      texts.filter((text) => text === 'I should not say this'),
      [],
    );
  }

  test('acts on the others at once', async (t) => {
    const victims = await newVictims();
    for (const [revocation, victim] of victims) {
      await revocation.act(victim);
      t.diagnostic(
        `${revocation.what}: the stream elsewhere ended ${await out(revocation, victim)} ms after it`,
      );
    }
    await refusedEverywhere(victims);
    await nothingWasSaid();
    const killed = await registered(there.url, `victim${names++}`);
    const stream = await EventReader.open(killed);
    await here.admin('kill', `victim${names - 1}`, 'once');
    await stream.ended;
    await killed.must('/me');
  });

  test('acts on a node that hears nothing of it', async (t) => {
    const victims = await newVictims();
    await there.redisLink.cut();
    try {
      for (const [revocation, victim] of victims) {
        await revocation.act(victim);
        t.diagnostic(
          `${revocation.what}: unheard, the stream ended ${await out(revocation, victim)} ms after it`,
        );
        const { status } = await at(there, victim.client).call('/send_message', {
          room,
          message: 'I should not say this',
        });
        assert.notEqual(status, 200);
      }
    } finally {
      await there.redisLink.mend();
    }
    await cluster.allReady();
    await refusedEverywhere(victims);
    await nothingWasSaid();
  });

  for (const hears of [true, false]) {
    const how = hears ? 'that wakes' : 'that wakes and has heard nothing';
    test(`acts on a node ${how}, before it does anything`, async (t) => {
      const victims = await newVictims();
      const asleep = `asleep${names++}`;
      const dreaming = await EventReader.open(await registered(there.url, asleep));
      there.pause();
      const waiting: Promise<Answer>[] = [];
      try {
        // As Redis does with a listener that takes nothing.
        if (!hears) await cluster.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
        for (const [revocation, victim] of victims) await revocation.act(victim);
        // They wait at its door until it wakes.
        for (const { client } of victims.values()) {
          const message = { room, message: 'I should not say this' };
          for (let count = 0; count < 4; count++) {
            waiting.push(at(there, client).call('/send_message', message));
          }
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
      } finally {
        there.resume();
      }
      const ends = [...victims].map(async ([revocation, victim]) => {
        const milliseconds = await out(revocation, victim);
        t.diagnostic(`${revocation.what}: the stream ended ${milliseconds} ms after it woke`);
      });
      const answers = await Promise.all(waiting);
      t.diagnostic(`what waited at its door: ${answers.map(({ status }) => status).join(', ')}`);
      await Promise.all(ends);
      await cluster.allReady();
      await refusedEverywhere(victims);
      await nothingWasSaid();
      await eventually('it is known again who is online there', async () => {
        const { users } = await at(here, owner).must('/list_users', { online: true, limit: 200 });
        return (users as unknown as { username: string }[]).some(({ username }) => username === asleep);
      });
      dreaming.close();
    });
  }
});

/** The same session, as it is used on that node. */
function at(node: ClusterNode, client: SealedClient): SealedClient {
  client.url = node.url;
  return client;
}
