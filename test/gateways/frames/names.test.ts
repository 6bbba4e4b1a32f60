import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type SealedClient, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { FramesClient } from './frames-client.ts';

describe('a name that comes to be another person’s while a frames user looks at the conversation', () => {
  let server: TestServer;
  let url: string;
  before(async () => {
    server = await startTestServer({ LISTEN_FRAMES: 'tcp://127.0.0.1:0' });
    url = server.gatewayUrls['frames']!;
  });
  after(async () => {
    await server.end();
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });

  /** Somebody gives their name up, and another person takes it. */
  async function handOver(owner: SealedClient, name: string): Promise<SealedClient> {
    const password = passwordOf(name);
    await owner.must('/change_username', { new_username: `${name}-as-was`, password });
    const taker = await registered(server.url, `${name}-taker`);
    await taker.must('/change_username', { new_username: name, password: passwordOf(`${name}-taker`) });
    return taker;
  }

  async function heardFrom(client: SealedClient, name: string): Promise<string[]> {
    const { messages } = await client.must('/list_messages', { with: name });
    return (messages as unknown as { message: string }[]).map(({ message }) => message);
  }

  test('is spoken to no more: what is said goes to whose conversation is shown', async () => {
    const bob = await registered(server.url, 'bob');
    const ada = await FramesClient.seated(url, 'ada', passwordOf('ada'));
    ada.send('UPD', { reciever: 'bob' });
    ada.send('MSG', { reciever: 'bob', msg: 'hello' });
    await ada.until('HIS');
    const mallory = await handOver(bob, 'bob');
    ada.send('MSG', { reciever: 'bob', msg: 'our secret' });
    await ada.until('HIS', ({ history }) => String(history).includes('our secret'));
    assert.deepEqual(await heardFrom(bob, 'ada'), ['hello', 'our secret']);
    assert.deepEqual(await heardFrom(mallory, 'ada'), []);
    await bob.must('/delete_account', { password: passwordOf('bob') });
    ada.send('MSG', { reciever: 'bob', msg: 'to nobody' });
    assert.match(String((await ada.until('ERR'))['msg']), /nobody of this name/);
    ada.close();
  });

  test('is refused where nothing was said yet, and the conversation is shown no more', async () => {
    const carl = await registered(server.url, 'carl');
    const dora = await FramesClient.seated(url, 'dora', passwordOf('dora'));
    dora.send('UPD', { reciever: 'carl' });
    dora.send('SES', {});
    await dora.until('ERR');
    const mallory = await handOver(carl, 'carl');
    dora.send('MSG', { reciever: 'carl', msg: 'our secret' });
    assert.deepEqual(await dora.until('ERR'), { msg: 'Another person has this name by now' });
    await carl.must('/send_message', { to: 'dora', message: 'are you there?' });
    dora.send('SES', {});
    let frame = await dora.nextFrame();
    for (; frame.type !== 'ERR'; frame = await dora.nextFrame()) assert.notEqual(frame.type, 'HIS');
    assert.deepEqual(await heardFrom(mallory, 'dora'), []);
    assert.deepEqual(await heardFrom(carl, 'dora'), ['are you there?']);
    dora.close();
  });
});
