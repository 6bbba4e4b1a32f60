import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { FramesClient, frame, hashed } from './frames-client.ts';

/** What a client sends, and every byte that it gets for that. */
interface Step {
  readonly sends: readonly Buffer[];
  readonly gets: readonly Buffer[];
  /** Whether the server closes after it. */
  readonly closes?: true;
}

const salt = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex');
const password = 'a fine long secret';
const filler = '00'.repeat(32);
const wrong = { msg: 'The name or the password is wrong' };
const rooms = ['Général'];

/** The conversations, for users whose names nobody else has. The users `golden` and `golden2` are there already. */
function conversations(
  n: string,
  others: readonly string[],
  before: readonly string[],
): Record<string, Step[]> {
  const users = (own: string) => ({
    users: [...others, n]
      .sort()
      .filter((name) => name !== own)
      .concat(rooms),
  });
  const login = (name: string, session: number): Step => ({
    sends: [frame('LOG', { login: name, password: hashed(password, salt) })],
    gets: [frame('SES', { session }), frame('LIS', users(name))],
  });
  return {
    'REG, the salt question, LOG, SES, LIS': [
      {
        sends: [frame('REG', { login: n, password: hashed(password, salt), email: `${n}@example.org` })],
        gets: [frame('ACK', { msg: 'The account is made: log in' })],
      },
      {
        sends: [frame('LOG', { login: n, password: 'X' })],
        gets: [frame('LOG', { login: n, password: salt.toString('hex') + filler })],
      },
      login(n, 1),
    ],
    'a wrong password': [
      {
        sends: [frame('LOG', { login: 'golden', password: hashed('another', salt) })],
        gets: [frame('ERR', wrong)],
      },
      {
        sends: [frame('LOG', { login: 'nobody-at-all', password: hashed(password, salt) })],
        gets: [frame('ERR', wrong)],
      },
      {
        sends: [frame('LOG', { login: 'golden', password })],
        gets: [frame('SES', { session: 1 }), frame('LIS', users('golden'))],
      },
    ],
    'a name, an address and data that cannot be taken': [
      {
        sends: [frame('REG', { login: 'GOLDEN', password: hashed(password, salt), email: 'x@example.org' })],
        gets: [frame('ERR', { msg: 'The username is taken' })],
      },
      {
        sends: [
          frame('REG', { login: `${n}x`, password: hashed(password, salt), email: 'golden@EXAMPLE.org' }),
        ],
        gets: [frame('ERR', { msg: 'The address is taken' })],
      },
      {
        sends: [frame('REG', { login: `${n}x`, password: 'short', email: `${n}x@example.org` })],
        gets: [frame('ERR', { msg: 'password: at least 10 characters' })],
      },
      {
        sends: [frame('REG', { login: `${n}x`, password })],
        gets: [frame('ERR', { msg: 'email: is missing' })],
      },
      {
        sends: [frame('REG', { login: `${n}x`, password, email: 7 })],
        gets: [frame('ERR', { msg: 'email: is no text' })],
      },
    ],
    'types out of place, before login and after': [
      ...(['MSG', 'UPD', 'CHP', 'CHM', 'DEL'] as const).map((type) => ({
        sends: [frame(type, { reciever: 'golden2', msg: 'x', password: 'x', email: 'x' })],
        gets: [frame('ERR', { msg: 'Log in first' })],
      })),
      ...(['ACK', 'ERR', 'SES', 'LIS', 'HIS'] as const).map((type) => ({
        sends: [frame(type, {})],
        gets: [frame('ERR', { msg: `${type} is not for clients to send` })],
      })),
      login('golden', 1),
      { ...login('golden', 1), gets: [frame('ERR', { msg: 'You are logged in already' })] },
      {
        sends: [frame('REG', { login: 'x', password, email: 'x' })],
        gets: [frame('ERR', { msg: 'You are logged in already' })],
      },
    ],
    'UPD and MSG, with HIS for what is said': [
      login('golden', 1),
      { sends: [frame('UPD', { reciever: n })], gets: [] },
      {
        sends: [frame('MSG', { reciever: n, msg: 'hello "you"' })],
        gets: [frame('HIS', { history: ['[2026-01-02 03:04:05] golden: hello "you"'] })],
      },
      {
        sends: [frame('UPD', { reciever: null }), frame('UPD', { reciever: n.toUpperCase() })],
        gets: [frame('HIS', { history: ['[2026-01-02 03:04:05] golden: hello "you"'] })],
      },
      {
        sends: [frame('MSG', { reciever: 'nobody-at-all', msg: 'x' })],
        gets: [frame('ERR', { msg: 'There is nobody of this name, and no room that you are in' })],
      },
      {
        sends: [frame('MSG', { reciever: 'Golden', msg: 'x' })],
        gets: [frame('ERR', { msg: 'reciever: nobody writes to themselves' })],
      },
      {
        sends: [frame('MSG', { reciever: n })],
        gets: [frame('ERR', { msg: 'msg: is missing' })],
      },
      {
        sends: [
          frame('UPD', { reciever: 'Général' }),
          frame('MSG', { reciever: 'Général', msg: `to all, ${n}` }),
        ],
        gets: [
          ...(before.length === 0 ? [] : [frame('HIS', { history: before.map(toAll) })]),
          frame('HIS', { history: [...before, n].map(toAll) }),
        ],
      },
    ],
    'FRP, whoever it is for': ['golden', 'nobody-at-all', '<no name>'].map((name) => ({
      sends: [frame('FRP', { login: name })],
      gets: [frame('ACK', { msg: 'If there is an address for this name, a mail is on its way' })],
    })),
    'CHM and CHP': [
      login('golden2', 1),
      {
        sends: [frame('CHM', { email: 'no address' })],
        gets: [frame('ERR', { msg: 'email: one address with one @' })],
      },
      {
        sends: [frame('CHM', { email: 'golden@example.org' })],
        gets: [frame('ERR', { msg: 'The address is taken' })],
      },
      {
        sends: [frame('CHM', { email: `${n}-new@example.org` })],
        gets: [frame('ACK', { msg: 'The address changes when the link in the mail to it is opened' })],
      },
      {
        sends: [frame('CHP', { password: 'short' })],
        gets: [frame('ERR', { msg: 'password: at least 10 characters' })],
      },
      {
        sends: [frame('CHP', { password: hashed(password, salt) })],
        gets: [frame('ACK', { msg: 'The password is changed' })],
      },
    ],
    DEL: [
      login(n, 1),
      { sends: [frame('DEL', {})], gets: [frame('ACK', { msg: 'The account is deleted' })], closes: true },
    ],
    DIS: [{ sends: [frame('DIS', { msg: 'bye' })], gets: [], closes: true }],
    'a wrong version': [
      {
        sends: [Buffer.from('840002', 'hex')],
        gets: [frame('ERR', { msg: 'version 2 is not spoken here' })],
        closes: true,
      },
    ],
  };
}

/** What is said in the room, which everybody has read before. */
function toAll(name: string): string {
  return `[2026-01-02 03:04:05] golden: to all, ${name}`;
}

describe('golden conversations of frames', () => {
  let server: TestServer;
  const sessions = new Set<unknown>();
  before(async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    server = await startTestServer(
      { LISTEN_FRAMES: 'tls://127.0.0.1:0', LISTEN_RESET: 'https://127.0.0.1:0' },
      { clock },
    );
    const made = await FramesClient.open(server.gatewayUrls['frames']!);
    for (const name of ['golden', 'golden2']) {
      made.send('REG', { login: name, password: hashed(password, salt), email: `${name}@example.org` });
      await made.next('ACK');
    }
    made.close();
  });
  after(() => server.end());

  const names: string[] = [];
  for (const [pace, name] of [
    ['frame by frame', 'hans'],
    ['all of a step at once', 'heidi'],
    ['byte by byte', 'herta'],
  ] as const) {
    const others = ['golden', 'golden2'];
    for (const [title, steps] of Object.entries(conversations(name, others, [...names]))) {
      test(`${title}: ${pace}`, async () => {
        const client = await FramesClient.open(server.gatewayUrls['frames']!);
        for (const { sends, gets, closes } of steps) {
          await write(client, sends, pace);
          for (const due of gets) await expect(client, due);
          if (closes === true) await client.ended;
        }
        // Nothing more has come than what was due.
        if (!client.isEnded) {
          client.send('SES', {});
          await expect(client, frame('ERR', { msg: 'SES is not for clients to send' }));
        }
        assert.deepEqual(client.received, []);
        client.close();
      });
    }
    names.push(name);
  }

  async function write(client: FramesClient, frames: readonly Buffer[], pace: string): Promise<void> {
    const all = Buffer.concat(frames);
    const pieces =
      pace === 'byte by byte'
        ? [...all].map((byte) => Buffer.from([byte]))
        : pace === 'frame by frame'
          ? frames
          : [all];
    for (const piece of pieces) {
      await new Promise<void>((resolve) => client.socket.write(piece, () => resolve()));
    }
  }

  /** Byte for byte, but for the session's number, which is another one each time. */
  async function expect(client: FramesClient, due: Buffer): Promise<void> {
    const { raw, type, data } = await client.nextFrame();
    if (type !== 'SES') {
      assert.equal(raw.toString('latin1'), due.toString('latin1'));
      return;
    }
    assert.deepEqual(raw, frame('SES', { session: data['session'] }));
    assert.ok(Number.isInteger(data['session']) && Number(data['session']) > 0);
    assert.ok(!sessions.has(data['session']), 'no other connection has this number');
    sessions.add(data['session']);
  }
});
