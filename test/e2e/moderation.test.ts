import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findBrokenAudit } from '../../src/core/transactions/audit.ts';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { doUpkeep } from '../support/across-nodes.ts';
import { EventReader } from '../support/event-reader.ts';
import { SealedClient, passwordOf, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

describe('moderation', () => {
  let server: TestServer;
  let users = 0;
  before(async () => {
    server = await startTestServer({ TRUST_PROXY: '127.0.0.1' });
  });
  after(() => server.end());

  async function newcomer(): Promise<{ name: string; client: SealedClient }> {
    const name = `user${++users}`;
    return { name, client: await registered(server.url, name) };
  }

  test('a banned user hears why, loses every connection, and gets in nowhere', async () => {
    const { name, client } = await newcomer();
    const events = await EventReader.open(client);
    const reason = 'insulted everybody';
    const { ended } = await server.core.moderation.impose('console', {
      kind: 'ban',
      target: { username: name.toUpperCase() },
      reason,
      until: null,
    });
    // Those on other nodes end as well, but are not counted.
    if (server.nodes.length === 1) assert.equal(ended, 1);
    assert.deepEqual(pick(await events.next('banned')), { reason, until: null });
    await events.ended;
    const refused = await client.refused('banned', '/me');
    assert.equal(refused.status, 403);
    assert.deepEqual(pick(refused.body), { reason, until: null });
    await assert.rejects(EventReader.open(client), /403/);
    const again = await SealedClient.open(server.url);
    const login = { username: name, password: passwordOf(name) };
    await again.refused('banned', '/login_user', login);
    await again.refused('wrong_credentials', '/login_user', { ...login, password: 'not their password' });
    await server.core.moderation.lift('console', { kind: 'ban', target: { username: name } });
    await client.must('/me');
    await again.must('/login_user', login);
  });

  test('a kick ends by itself', async () => {
    const { name, client } = await newcomer();
    const until = Date.now() + 3_000;
    await server.core.moderation.impose('console', {
      kind: 'kick',
      target: { username: name },
      reason: 'calm',
      until,
    });
    const { body } = await client.refused('kicked', '/me');
    assert.equal(body['until'], new Date(until).toISOString());
    while (Date.now() <= until) await new Promise((resolve) => setImmediate(resolve));
    await client.must('/me');
  });

  test('a ban of a range holds for handshakes, requests and streams from it, and for no others', async () => {
    const inside = await clientFrom(server.url, '2001:db8:1::5');
    const name = `user${++users}`;
    const { name: outsider, client: other } = await newcomer();
    assert.ok(outsider);
    await inside.must('/register_user', {
      username: name,
      email: `${name}@example.org`,
      password: passwordOf(name),
    });
    await doUpkeep(server);
    const seen = await server.core.moderation.seenAt('2001:db8:1::/48');
    assert.deepEqual(seen, [name]);
    await server.core.moderation.impose('console', {
      kind: 'ban',
      target: { range: '2001:DB8:1::/48' },
      reason: 'spam',
      until: null,
    });
    await inside.refused('banned', '/me');
    const { status } = await rawHandshake(server.url, '2001:db8:1:ffff::9');
    assert.equal(status, 403);
    assert.equal((await rawHandshake(server.url, '2001:db8:2::9')).status, 422);
    await other.must('/me');
    await server.core.moderation.lift('console', { kind: 'ban', target: { range: '2001:db8:1::/48' } });
    await inside.must('/me');
  });

  test('a kill ends the connections, and nothing more', async () => {
    const { name, client } = await newcomer();
    const events = await EventReader.open(client);
    const ended = await server.core.moderation.kill('console', name, 'restart your client');
    if (server.nodes.length === 1) assert.equal(ended, 1);
    assert.equal((await events.next('killed'))['reason'], 'restart your client');
    await events.ended;
    const back = await EventReader.open(client);
    back.close();
  });

  test('undo takes back the last action, and then the one before', async () => {
    const { name, client } = await newcomer();
    const { moderation } = server.core;
    const ban = { kind: 'ban', target: { username: name }, reason: 'a mistake', until: null } as const;
    await moderation.impose('console', ban);
    await moderation.lift('console', ban);
    await moderation.kill('console', name, 'leaves nothing to take back');
    assert.deepEqual((await moderation.undo('console')).action, 'unban');
    await client.refused('banned', '/me');
    assert.deepEqual((await moderation.undo('console')).action, 'ban');
    await client.must('/me');
  });

  test('undo of a ban that took the place of another brings that one back', async () => {
    const { name, client } = await newcomer();
    const { moderation } = server.core;
    const ban = { kind: 'ban', target: { username: name } } as const;
    await moderation.impose('console', { ...ban, reason: 'for good', until: null });
    await moderation.impose('console', { ...ban, reason: 'for an hour', until: Date.now() + 3_600_000 });
    await moderation.undo('console');
    assert.equal((await client.refused('banned', '/me')).body['reason'], 'for good');
    await moderation.lift('console', ban);
    await client.must('/me');
  });

  test('undo of an approval that something was done about since is refused', async () => {
    const [{ name, client }, { name: admin, client: adminClient }] = [await newcomer(), await newcomer()];
    await server.core.moderation.setRole('console', admin, 'admin');
    await client.must('/join_room', { room: 'Marketing' });
    const accept = () => server.core.acceptPending('console', name, ['Marketing']);
    await accept();
    await adminClient.must('/ban_member', { room: 'Marketing', username: name, reason: 'no' });
    await assert.rejects(server.core.moderation.undo('console'), /since/);
    await client.refused('banned_from_room', '/send_message', { room: 'Marketing', message: 'hm' });
    await adminClient.must('/unban_member', { room: 'Marketing', username: name });
    await client.must('/join_room', { room: 'Marketing' });
    await accept();
    await server.core.moderation.undo('console');
    await client.refused('membership_pending', '/send_message', { room: 'Marketing', message: 'hm' });
  });

  test('bans and the audit chain outlive a restart, and the chain shows a change', async () => {
    const { name, client } = await newcomer();
    await server.core.moderation.impose('console', {
      kind: 'ban',
      target: { username: name },
      reason: 'for good',
      until: null,
    });
    server = await server.restart();
    await clientAt(client, server.url).refused('banned', '/me');
    const keys = createAtRestKeys(readFileSync(path.join(server.folder, 'keys', 'master.key')));
    const reads = server.store.read.audit;
    assert.equal(await findBrokenAudit(reads, keys), null);
    const forged = {
      ...reads,
      after: async (seq: number, limit: number) => {
        const rows = await reads.after(seq, limit);
        for (const row of rows) if (row.seq === 2) Object.assign(row, { target: 'somebody else' });
        return rows;
      },
    };
    assert.equal(await findBrokenAudit(forged, keys), 2);
    const shortened = {
      ...reads,
      after: async (seq: number, limit: number) =>
        (await reads.after(seq, limit)).filter((row) => row.seq !== 2),
    };
    assert.equal(await findBrokenAudit(shortened, keys), 3);
  });

  test('an admin moderates every listed room without being in it', async () => {
    const [{ name: admin, client: adminClient }, { client: owner }, { name: noisy, client: noise }] = [
      await newcomer(),
      await newcomer(),
      await newcomer(),
    ];
    const { room } = await owner.must('/create_room', { room: 'theirs', kind: 'open' });
    await noise.must('/join_room', { room });
    await adminClient.refused('not_a_member', '/remove_member', { room, username: noisy });
    await server.core.moderation.setRole('console', admin, 'admin');
    await adminClient.must('/remove_member', { room, username: noisy, reason: 'enough' });
    const { body } = await noise.refused('removed_from_room', '/send_message', { room, message: 'hm' });
    assert.equal(body['reason'], 'enough');
    await adminClient.refused('not_a_member', '/send_message', { room, message: 'I am everywhere' });
  });
});

function pick(body: Record<string, unknown>): unknown {
  return { reason: body['reason'], until: body['until'] };
}

/** The same session, asked of the server at its new place. */
function clientAt(client: SealedClient, url: string): SealedClient {
  return Object.assign(Object.create(SealedClient.prototype) as SealedClient, client, {
    url,
    seq: client.seq + 5_000,
  });
}

/** A client whose requests come through a trusted proxy, from the address. */
async function clientFrom(url: string, address: string): Promise<SealedClient> {
  const client = await SealedClient.open(url);
  return Object.assign(client, {
    send: async (place: string, body: string) => {
      const response = await fetch(`${url}${place}`, {
        method: 'POST',
        headers: { 'X-Forwarded-For': address },
        body,
      });
      const { payload } = (await response.json()) as { payload: string };
      const opened = client.openAnswer(payload);
      return { status: response.status, sealed: true, body: opened, headers: response.headers };
    },
  });
}

function rawHandshake(url: string, address: string): Promise<Response> {
  return fetch(`${url}/create_session_key`, {
    method: 'POST',
    headers: { 'X-Forwarded-For': address },
    body: '{"public_key":"no key at all"}',
  });
}
