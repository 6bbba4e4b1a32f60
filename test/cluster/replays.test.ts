import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { type Cluster, skipWithoutCluster, startCluster } from '../support/cluster.ts';
import { rounds } from '../support/long.ts';
import { SealedClient, passwordOf, registered } from '../support/sealed-client.ts';

/** In the clear, or sealed by a node that still holds the key and finds out only now. */
const over = ['401 session_unknown', '401'];
/** So many after each thing that happens to Redis. */
const replays = rounds(2_500, 10_000);
const atOnce = 50;
const names = ['ada', 'bert', 'clara'];

describe('requests that were recorded and are sent again', { skip: skipWithoutCluster }, () => {
  let cluster: Cluster;
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const recorded: { readonly path: string; readonly body: string }[] = [];
  const clients: SealedClient[] = [];
  let sent = 0;
  before(async () => {
    cluster = await startCluster();
    for (const name of names) {
      clients.push(await registered(cluster.nodes[0]?.url ?? '', name));
    }
    const { room } = await (clients[0] as SealedClient).must('/create_room', {
      room: 'recorded',
      kind: 'open',
    });
    for (const client of clients.slice(1)) await client.must('/join_room', { room });
    await record(String(room), 30);
  });
  after(async () => {
    agent.destroy();
    await cluster?.end();
  });

  /** Sends what changes something and has no `idem`: done twice, it would be there twice. */
  async function record(room: string, count: number): Promise<void> {
    for (const client of clients) {
      for (let at = 0; at < count; at++) {
        client.url = cluster.nodes[at % cluster.nodes.length]?.url ?? '';
        const body = client.seal('/send_message', { room, message: `no. ${++sent}` });
        const { status } = await client.send('/send_message', body);
        // A busy machine may be too busy: that one is left out.
        assert.ok(status === 200 || status === 503, `${status}`);
        if (status !== 200) continue;
        recorded.push({ path: '/send_message', body });
      }
    }
  }

  /** What comes of all of them, in any order, to nodes picked at random. */
  async function replayAll(): Promise<Map<string, number>> {
    const codes = new Map<string, number>();
    let left = replays;
    const one = async (): Promise<void> => {
      while (left-- > 0) {
        const node = cluster.nodes[Math.floor(Math.random() * cluster.nodes.length)];
        const again = recorded[Math.floor(Math.random() * recorded.length)];
        const code = await statusOf(`${node?.url}${again?.path}`, again?.body ?? '');
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    return codes;
  }

  function statusOf(url: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asking = request(url, { method: 'POST', agent, headers: { 'Content-Type': 'application/json' } });
      asking.once('error', reject);
      asking.once('response', (answer) => {
        json(answer).then((value) => {
          const { code } = value as { code?: string };
          resolve(`${answer.statusCode}${code === undefined ? '' : ` ${code}`}`);
        }, reject);
      });
      asking.end(body);
    });
  }

  async function storedMessages(): Promise<number> {
    const rows = await cluster.database.query<{ count: string }>('SELECT count(*) AS count FROM messages');
    return Number(rows[0]?.count);
  }

  async function noneAccepted(
    t: { diagnostic(text: string): void },
    allowed: readonly string[],
  ): Promise<void> {
    const stored = await storedMessages();
    const codes = await replayAll();
    t.diagnostic(`${replays} replays: ${[...codes].map(([code, count]) => `${count} × ${code}`).join(', ')}`);
    assert.deepEqual(
      [...codes.keys()].filter((code) => !allowed.includes(code)),
      [],
    );
    assert.equal(await storedMessages(), stored, 'none of it was done again');
  }

  test('are refused by every node', (t) => noneAccepted(t, ['409']));

  test('are refused after Redis forgot everything, by sessions that are over', async (t) => {
    await cluster.redis.ask('FLUSHALL');
    await noneAccepted(t, over);
  });

  test('are refused after Redis was restarted without anything', async (t) => {
    await again();
    await cluster.redis.kill();
    assert.ok(await cluster.redis.run());
    await noneAccepted(t, [...over, '503', '503 busy']);
    await cluster.allReady();
    await noneAccepted(t, over);
  });

  test('are refused after Redis was set back to a state before they were sent', async (t) => {
    recorded.length = 0;
    await again();
    await cluster.redis.ask('SAVE');
    const { folder } = cluster.redis;
    await copyFile(path.join(folder, 'dump.rdb'), path.join(folder, 'older.rdb'));
    await again(false);
    await cluster.redis.kill();
    await copyFile(path.join(folder, 'older.rdb'), path.join(folder, 'dump.rdb'));
    assert.ok(await cluster.redis.run());
    assert.ok(Number(await cluster.redis.ask('DBSIZE')) > 0, 'it remembers the older state');
    await cluster.allReady();
    await noneAccepted(t, over);
  });

  /** Records more, in sessions of their own or in those that are there. */
  async function again(anew = true): Promise<void> {
    await cluster.allReady();
    if (anew) {
      for (const [at, username] of names.entries()) {
        const client = await SealedClient.open(cluster.nodes[at]?.url ?? '');
        await client.must('/login_user', { username, password: passwordOf(username) });
        clients[at] = client;
      }
    }
    await record('recorded', 10);
  }
});
