import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { ManualClock } from '../../support/manual-clock.ts';
import { passwordOf } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { FramesClient, frame, rawFrame } from './frames-client.ts';

const noise = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256));

describe('bad input to frames', () => {
  let server: TestServer;
  let plain: TestServer;
  let bystander: FramesClient;
  let said = 0;
  before(async () => {
    server = await startTestServer({ LISTEN_FRAMES: 'tls://127.0.0.1:0' });
    plain = await startTestServer({ LISTEN_FRAMES: 'tcp://127.0.0.1:0' });
    bystander = await FramesClient.seated(url(server), 'bystander', passwordOf('bystander'));
    bystander.send('UPD', { reciever: 'Général' });
  });
  after(async () => {
    bystander.close();
    await Promise.all([server.end(), plain.end()]);
  });
  const url = (each: TestServer): string => each.gatewayUrls['frames']!;
  const portOf = (each: TestServer): number => Number(new URL(url(each)).port);

  /** Others have not noticed anything. */
  async function undisturbed(): Promise<void> {
    const msg = `still here, ${++said}`;
    bystander.send('MSG', { reciever: 'Général', msg });
    await bystander.until('HIS', ({ history }) => String((history as string[]).at(-1)).endsWith(msg));
    assert.doesNotMatch(server.log(), /"level":"error"/);
  }

  /** Somebody in each state, with what brings them there. */
  const states = {
    'before login': async (at = server) => FramesClient.open(url(at)),
    'logged in': async (at = server) => seated(at),
    'in a conversation': async (at = server) => {
      const client = await seated(at);
      client.send('UPD', { reciever: 'Général' });
      return client;
    },
  };
  let users = 0;
  const seated = async (at = server): Promise<FramesClient> => {
    const name = `user${++users}`;
    return FramesClient.seated(url(at), name, passwordOf(name));
  };

  for (const [state, open] of Object.entries(states)) {
    test(`${state}: garbage of another version gets ERR and is closed`, async () => {
      for (const garbage of [
        Buffer.alloc(4096),
        Buffer.from('\x16\x03\x01\x02', 'latin1'),
        Buffer.from('{"a":1}\n', 'latin1').fill(0x20),
      ]) {
        const client = await open();
        client.socket.write(garbage);
        await client.until('ERR', ({ msg }) => String(msg).endsWith('is not spoken here'));
        await client.ended;
      }
      await undisturbed();
    });

    test(`${state}: what can be followed gets ERR, and the connection lives on`, async () => {
      const client = await open();
      const deep = `{"msg":${'['.repeat(20_000)}${']'.repeat(20_000)},"reciever":"x"}`;
      for (const bad of [
        frame('MSG', 'no JSON'),
        frame('MSG', '[]'),
        frame('MSG', deep),
        frame('MSG', '{"reciever":{"toString":1},"msg":[]}'),
        frame('MSG', '{"__proto__":{"reciever":"x","msg":"y"}}'),
        frame('LOG', { login: 'x'.repeat(60_000), password: ['X'] }),
        frame('UPD', { reciever: 7 }),
        frame('UPD', { reciever: 'x'.repeat(60_000) }),
        rawFrame(0x7f, '{}'),
        rawFrame(0x4e, ''),
      ]) {
        client.socket.write(bad);
        await client.until('ERR');
      }
      client.close();
      await undisturbed();
    });

    test(`${state}: a frame that is cut anywhere does nothing`, async () => {
      const whole = frame('MSG', { reciever: 'bystander', msg: 'never whole' });
      for (const at of [1, 2, 3, 4, whole.length - 1]) {
        const client = await open();
        client.socket.end(whole.subarray(0, at));
        await client.ended;
      }
      await undisturbed();
    });

    test(`${state}: a size that lies swallows what follows, and no more than it says`, async () => {
      const client = await open();
      const swallowed = frame('MSG', { reciever: 'bystander', msg: 'x' });
      client.socket.write(
        Buffer.concat([Buffer.from([0x43, 0, swallowed.length]), swallowed, frame('SES', {})]),
      );
      assert.deepEqual(await client.until('ERR'), { msg: 'the data is no JSON object' });
      assert.deepEqual(await client.until('ERR'), { msg: 'SES is not for clients to send' });
      client.close();
      await undisturbed();
    });

    test(`${state}: 50 MiB without an end are neither kept nor answered at length`, async () => {
      const client = await open();
      client.socket.on('error', () => {});
      const block = Buffer.alloc(1024 * 1024);
      for (let sent = 0; sent < 50 && !client.isEnded; sent++) {
        await new Promise<void>((resolve) => client.socket.write(block, () => resolve()));
      }
      await client.ended;
      await undisturbed();
    });

    test(`${state}: a reset in the middle disturbs nobody`, async () => {
      const other = await seated(plain);
      const client = await open(plain);
      client.socket.write(frame('MSG', { reciever: 'Général', msg: 'last words' }));
      client.socket.write(frame('MSG', { reciever: 'Général', msg: 'cut' }).subarray(0, 9));
      client.socket.resetAndDestroy();
      await client.ended;
      other.send('UPD', { reciever: 'Général' });
      other.send('MSG', { reciever: 'Général', msg: 'undisturbed' });
      await other.until('HIS');
      assert.doesNotMatch(plain.log(), /"level":"error"/);
      other.close();
    });
  }

  test('a hundred messages in one segment are all said, in order', async () => {
    const client = await seated();
    const other = await seated();
    const name = `user${users}`;
    other.send('UPD', { reciever: `user${users - 1}` });
    const texts = Array.from({ length: 100 }, (_, at) => `number ${at}`);
    client.socket.write(Buffer.concat(texts.map((msg) => frame('MSG', { reciever: name, msg }))));
    const { history } = await other.until('HIS', (data) => (data['history'] as string[]).length === 100);
    assert.deepEqual(
      (history as string[]).map((line) => line.split(': ')[1]),
      texts,
    );
    client.close();
    other.close();
  });

  test('a thousand frames in one segment wait their turn', async () => {
    const client = await FramesClient.open(url(server));
    client.socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => rawFrame(0x43, ''))));
    for (let at = 0; at < 1_000; at++) assert.deepEqual(await client.next('ERR'), { msg: 'Log in first' });
    client.close();
  });

  test('of a member that is there twice the last one counts, and names may be escaped', async () => {
    const client = await seated();
    client.socket.write(frame('MSG', '{"reciever":"nobody-at-all","m\\u0073g":"a","reciever":"bystander"}'));
    client.send('UPD', { reciever: 'bystander' });
    const { history } = await client.next('HIS');
    assert.match(String(history), /: a$/);
    client.close();
  });

  test('plain bytes to a TLS port are let go', async () => {
    for (const bytes of [
      noise,
      frame('LOG', { login: 'ada', password: 'X' }),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]) {
      const socket = connect({ host: '127.0.0.1', port: portOf(server) });
      socket.on('error', () => {});
      socket.write(bytes);
      socket.resume();
      await once(socket, 'close');
    }
    await undisturbed();
  });

  test('TLS to a plain port gets ERR and is closed', async () => {
    const socket = connectTls({ host: '127.0.0.1', port: portOf(plain), rejectUnauthorized: false });
    await assert.rejects(once(socket, 'secureConnect'));
    const raw = connect({ host: '127.0.0.1', port: portOf(plain) });
    raw.write(Buffer.from('1603010200010001fc0303', 'hex'));
    const [answer] = (await once(raw, 'data')) as [Buffer];
    assert.deepEqual(answer, frame('ERR', { msg: 'version 0 is not spoken here' }));
    raw.destroy();
  });

  test('a client that never reads is let go, and nothing is held for it', async () => {
    const client = await FramesClient.open(url(server));
    client.socket.pause();
    const question = Buffer.concat(
      Array.from({ length: 200 }, () => frame('LOG', { login: 'bystander', password: 'X' })),
    );
    const closed = once(client.socket, 'close');
    const flood = async (): Promise<void> => {
      while (!client.socket.destroyed) {
        await new Promise<void>((resolve) => client.socket.write(question, () => resolve()));
      }
    };
    await Promise.race([flood(), closed]);
    await undisturbed();
  });

  test('a silent peer is closed after 30 s, one that registers after 5 minutes, one that idles after an hour', async () => {
    const clock = new ManualClock();
    const own = await startTestServer({ LISTEN_FRAMES: 'tcp://127.0.0.1:0' }, { clock, timers: clock });
    try {
      const silent = await FramesClient.open(url(own));
      const registering = await FramesClient.open(url(own));
      const seatedOne = await FramesClient.seated(url(own), 'ada', passwordOf('ada'));
      silent.send('FRP', { login: 'x' });
      await silent.next('ACK');
      registering.send('REG', { login: 'x', password: 'x', email: 'x' });
      await registering.next('ERR');
      clock.advance(29_999);
      silent.send('FRP', { login: 'x' });
      await silent.next('ACK');
      clock.advance(1);
      await silent.ended;
      registering.send('REG', { login: 'x', password: 'x', email: 'x' });
      await registering.next('ERR');
      clock.advance(5 * 60_000 - 30_001);
      registering.send('SES', {});
      await registering.next('ERR');
      clock.advance(1);
      await registering.ended;
      seatedOne.send('SES', {});
      await seatedOne.next('ERR');
      seatedOne.close();
    } finally {
      await own.end();
    }
  });
});
