import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SealedClient, passwordOf, registered } from '../../support/sealed-client.ts';
import { startTestServer } from '../../support/test-server.ts';
import { FramesClient } from './frames-client.ts';

test('who is known to be no member is not shown what is said, before they are told of their removal', async () => {
  const server = await startTestServer({ LISTEN_FRAMES: 'tcp://127.0.0.1:0' });
  try {
    // Both on one node: they look through one window.
    const { gatewayUrls, core, url } = server.nodes[0]!;
    const carla = await registered(url, 'carla');
    await carla.must('/create_room', { room: 'Werkstatt', kind: 'open' });
    await registered(url, 'dora');
    const inDora = await SealedClient.open(url);
    await inDora.must('/login_user', { username: 'dora', password: passwordOf('dora') });
    await inDora.must('/join_room', { room: 'Werkstatt' });
    const seated = async (name: string): Promise<FramesClient> => {
      const client = await FramesClient.open(gatewayUrls['frames']!);
      await client.logIn(name, passwordOf(name));
      client.send('UPD', { reciever: 'Werkstatt' });
      client.send('SES', {});
      await client.until('ERR');
      return client;
    };
    const [witness, dora] = [await seated('carla'), await seated('dora')];
    const saw = (client: FramesClient, text: string) =>
      client.until('HIS', ({ history }) => String(history).includes(text));
    await carla.must('/send_message', { room: 'Werkstatt', message: 'come in' });
    await Promise.all([saw(witness, 'come in'), saw(dora, 'come in')]);
    const room = (await server.store.read.rooms.byNameKey('werkstatt'))!;
    const { id } = (await server.store.read.users.byUsernameKey('dora'))!;
    core.hub.feedOf(room.id)!.listeners.delete(id);
    await carla.must('/send_message', { room: 'Werkstatt', message: 'about dora' });
    await saw(witness, 'about dora');
    dora.send('SES', {});
    for (let frame = await dora.nextFrame(); frame.type !== 'ERR'; frame = await dora.nextFrame()) {
      assert.doesNotMatch(JSON.stringify(frame.data), /about dora/);
    }
    witness.close();
    dora.close();
  } finally {
    await server.end();
  }
});
