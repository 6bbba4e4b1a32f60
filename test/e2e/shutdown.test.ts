import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { SealedClient, registered } from '../support/sealed-client.ts';
import {
  type ServerProcess,
  newFolder,
  removeFolder,
  startServerProcess,
} from '../support/server-process.ts';
import { until } from '../support/test-server.ts';

let folder: string;
let server: ServerProcess;
beforeEach(() => {
  folder = newFolder();
});
afterEach(async () => {
  await server.stop('SIGKILL');
  removeFolder(folder);
});

const readiness = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status;

const notReady = (): Promise<true> =>
  until(async () => ((await readiness()) === 503 ? true : undefined), 'a server that is not ready');

describe('a server that is told to stop', () => {
  test('says that it is not ready, goes on serving for SHUTDOWN_DELAY, and only then tells its streams', async () => {
    server = await startServerProcess(folder, { SHUTDOWN_DELAY: '3' });
    const client = await registered(server.url, 'listener');
    const events = await EventReader.open(client);
    const order: string[] = [];
    assert.equal(await readiness(), 200);
    const told = events.next('shutdown').then(() => order.push('streams are told'));
    const stopped = server.stop('SIGTERM');
    await notReady();
    order.push('not ready');
    const late = await SealedClient.open(server.url);
    await late.refused('not_logged_in', '/me');
    await client.must('/me');
    const answer = await fetch(`${server.url}/healthz`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('connection'), 'close', 'nobody uses the connection again as it ends');
    order.push('serving');
    await told;
    await events.ended;
    assert.equal(await stopped, 0);
    assert.deepEqual(order, ['not ready', 'serving', 'streams are told']);
    await assert.rejects(fetch(`${server.url}/healthz`), 'nothing listens any more');
  });

  test('exits at once when it is told a second time', async () => {
    server = await startServerProcess(folder, { SHUTDOWN_DELAY: '60' });
    const stopped = server.stop('SIGTERM');
    await notReady();
    assert.equal(server.child.exitCode, null);
    server.child.kill('SIGTERM');
    assert.equal(await stopped, 1);
  });
});
