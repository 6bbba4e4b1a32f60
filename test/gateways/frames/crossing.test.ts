import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectionCount } from '../../support/across-nodes.ts';
import { EventReader } from '../../support/event-reader.ts';
import { SealedClient, emailOf, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { FramesClient, hashed } from './frames-client.ts';

describe('frames and everybody else', () => {
  let server: TestServer;
  let url: string;
  before(async () => {
    server = await startTestServer({ LISTEN_FRAMES: 'tls://127.0.0.1:0' });
    url = server.gatewayUrls['frames']!;
  });
  after(() => server.end());
  const join = (name: string): Promise<FramesClient> => FramesClient.seated(url, name, passwordOf(name));
  const textsOf = ({ history }: Record<string, unknown>): string[] =>
    (history as string[]).map((line) => line.slice('[2026-01-02 03:04:05] '.length));

  test('talk with a user of the sealed API, who sees when they come and what they have read', async () => {
    const ada = await registered(server.url, 'ada');
    const events = await EventReader.open(ada);
    const bert = await join('bert');
    const presence = await events.next('presence', ({ username }) => String(username) === 'bert');
    assert.equal(presence['online'], true);
    bert.send('UPD', { reciever: 'ada' });
    bert.send('MSG', { reciever: 'ada', msg: 'hello from frames' });
    assert.deepEqual(textsOf(await bert.next('HIS')), ['bert: hello from frames']);
    const message = await events.next('message');
    assert.deepEqual([message['from'], message['message']], ['bert', 'hello from frames']);
    const { room, seq } = await ada.must('/send_message', { to: 'bert', message: 'two\nlines' });
    assert.deepEqual(textsOf(await bert.next('HIS')), ['bert: hello from frames', 'ada: two\n    lines']);
    await ada.must('/edit_message', { room, seq, message: 'edited' });
    assert.deepEqual(textsOf(await bert.next('HIS')), ['bert: hello from frames', 'ada: edited']);
    await ada.must('/delete_message', { room, seq });
    assert.deepEqual(textsOf(await bert.next('HIS')), ['bert: hello from frames']);
    const read = await events.next('message_read', ({ username }) => String(username) === 'bert');
    assert.equal(Number(read['seq']), 2);
    const { messages } = await ada.must('/list_messages', { with: 'bert' });
    assert.equal((messages as unknown as unknown[]).length, 2);
    bert.close();
    events.close();
  });

  test('sit in group rooms: what members say arrives under the name of the room', async () => {
    const carla = await registered(server.url, 'carla');
    const dora = await join('dora');
    await carla.must('/create_room', { room: 'Werkstatt', kind: 'approval' });
    await carla.must('/invite_member', { room: 'Werkstatt', username: 'dora' });
    const inDora = await SealedClient.open(server.url);
    await inDora.must('/login_user', { username: 'dora', password: passwordOf('dora') });
    dora.send('UPD', { reciever: 'Werkstatt' });
    await dora.until('ERR');
    await inDora.must('/join_room', { room: 'Werkstatt' });
    await dora.until('LIS', ({ users }) => (users as string[]).includes('Werkstatt'));
    dora.send('UPD', { reciever: 'werkstatt' });
    await carla.must('/send_message', { room: 'Werkstatt', message: 'come in' });
    assert.deepEqual(textsOf(await dora.until('HIS')), ['carla: come in']);
    dora.send('MSG', { reciever: 'Werkstatt', msg: 'thanks' });
    assert.deepEqual(textsOf(await dora.until('HIS')), ['carla: come in', 'dora: thanks']);
    const witness = await FramesClient.open(url);
    await witness.logIn('carla', passwordOf('carla'));
    witness.send('UPD', { reciever: 'Werkstatt' });
    await witness.until('HIS');
    await carla.must('/remove_member', { room: 'Werkstatt', username: 'dora' });
    await carla.must('/send_message', { room: 'Werkstatt', message: 'about dora' });
    await witness.until('HIS', ({ history }) => String(history).includes('about dora'));
    const { users } = await dora.next('LIS');
    assert.ok(!(users as string[]).includes('Werkstatt'));
    dora.send('MSG', { reciever: 'Werkstatt', msg: 'still there?' });
    assert.match(String((await dora.next('ERR'))['msg']), /no room that you are in/);
    dora.close();
    witness.close();
  });

  test('share an account with every door, whoever made it and in whichever form', async () => {
    const emil = await registered(server.url, 'emil');
    const client = await FramesClient.open(url);
    client.send('LOG', { login: 'emil', password: 'X' });
    const { password } = await client.next('LOG');
    const salt = Buffer.from(String(password).slice(0, 64), 'hex');
    assert.match(salt.toString('latin1'), /^\d{32}$/, 'a salt that every kind of client can take');
    await client.logIn('emil', hashed(passwordOf('emil'), salt));

    const own = Buffer.alloc(32, 0xe1);
    client.send('CHP', { password: hashed('quite another secret', own) });
    await client.next('ACK');
    await emil.refused('session_unknown', '/me').catch(() => undefined);
    const again = await SealedClient.open(server.url);
    await again.refused('wrong_credentials', '/login_user', {
      username: 'emil',
      password: passwordOf('emil'),
    });
    await again.must('/login_user', { username: 'emil', password: 'quite another secret' });
    const third = await FramesClient.open(url);
    third.send('LOG', { login: 'emil', password: 'X' });
    assert.equal(String((await third.next('LOG'))['password']).slice(0, 64), own.toString('hex'));
    await third.logIn('emil', 'quite another secret');
    client.send('CHP', { password: 'a third secret of mine' });
    await client.next('ACK');
    assert.deepEqual(await third.next('DIS'), { msg: 'You were logged out' });
    await third.ended;
    client.send('SES', {});
    await client.next('ERR');
    assert.match(await server.mailTo(emailOf('emil')), /password of your account was changed/);
    client.close();
  });

  test('are told no more of an unknown name than of a known one', async () => {
    const client = await FramesClient.open(url);
    const saltOf = async (login: string): Promise<string> => {
      client.send('LOG', { login, password: 'X' });
      return String((await client.next('LOG'))['password']);
    };
    const first = await saltOf('no-such-user');
    assert.match(first, /^[0-9a-f]{64}0{64}$/);
    assert.equal(await saltOf('No-Such-User'), first);
    assert.notEqual(await saltOf('no-such-user2'), first);
    client.close();
  });

  test('show a new account to all, and one that is gone to nobody', async () => {
    const fritz = await join('fritz');
    const gerda = await join('gerda');
    await fritz.until('LIS', ({ users }) => (users as string[]).includes('gerda'));
    const twin = await FramesClient.open(url);
    await twin.logIn('gerda', passwordOf('gerda'));
    gerda.send('DEL', {});
    await gerda.next('ACK');
    await gerda.ended;
    assert.deepEqual(await twin.next('DIS'), { msg: 'You were logged out' });
    await twin.ended;
    await fritz.until('LIS', ({ users }) => !(users as string[]).includes('gerda'));
    fritz.send('MSG', { reciever: 'gerda', msg: 'hello?' });
    await fritz.until('ERR');
    fritz.close();
  });

  test('keep a room apart from somebody who takes its name', async () => {
    const hans = await join('hans');
    hans.send('UPD', { reciever: 'Général' });
    hans.send('MSG', { reciever: 'Général', msg: 'to all' });
    await hans.until('HIS');
    const thief = await FramesClient.seated(url, 'Général', passwordOf('x'), 'thief@example.org');
    const { users } = await hans.until('LIS', (data) =>
      (data['users'] as string[]).includes('Général (room)'),
    );
    assert.ok((users as string[]).includes('Général'));
    hans.send('MSG', { reciever: 'Général', msg: 'still to all' });
    assert.match(String(textsOf(await hans.until('HIS')).at(-1)), /still to all/);
    hans.send('UPD', { reciever: 'Général (room)' });
    assert.match(String(textsOf(await hans.until('HIS')).at(-1)), /still to all/);
    hans.send('UPD', { reciever: 'Général' });
    hans.send('MSG', { reciever: 'Général', msg: 'to you' });
    assert.deepEqual(textsOf(await hans.until('HIS')), ['hans: to you']);
    hans.close();
    thief.send('DEL', {});
    await thief.ended;
  });

  test('are kicked, banned, banned by address, killed, and let in again', async () => {
    const { moderation } = server.core;
    const ida = await join('ida');
    const kick = { kind: 'kick', target: { username: 'ida' }, reason: 'too loud' } as const;
    await moderation.impose('console', { ...kick, until: Date.UTC(2030, 0, 2, 3, 4, 5) });
    assert.deepEqual(await ida.until('DIS'), {
      msg: 'You were kicked until 2030-01-02 03:04:05 UTC: too loud',
    });
    await ida.ended;
    const back = await FramesClient.open(url);
    back.send('LOG', { login: 'ida', password: passwordOf('ida') });
    assert.deepEqual(await back.next('DIS'), {
      msg: 'You were kicked until 2030-01-02 03:04:05 UTC: too loud',
    });
    await back.ended;
    await moderation.lift('console', kick);

    const banned = await FramesClient.open(url);
    await banned.logIn('ida', passwordOf('ida'));
    await moderation.impose('console', { ...kick, kind: 'ban', reason: 'spam', until: null });
    assert.deepEqual(await banned.until('DIS'), { msg: 'You are banned: spam' });
    await banned.ended;
    await moderation.lift('console', { ...kick, kind: 'ban' });

    const before = await FramesClient.open(url);
    const seated = await FramesClient.open(url);
    await seated.logIn('ida', passwordOf('ida'));
    const range = { kind: 'ban', target: { range: '127.0.0.1' }, reason: '' } as const;
    await moderation.impose('console', { ...range, until: null });
    assert.deepEqual(await seated.until('DIS'), { msg: 'You are banned' });
    before.send('LOG', { login: 'ida', password: 'X' });
    assert.deepEqual(await before.next('DIS'), { msg: 'You are banned' });
    const refused = await FramesClient.open(url);
    assert.deepEqual(await refused.next('DIS'), { msg: 'You are banned' });
    await Promise.all([seated.ended, before.ended, refused.ended]);
    await moderation.lift('console', range);

    const killed = await FramesClient.open(url);
    await killed.logIn('ida', passwordOf('ida'));
    await moderation.kill('console', 'ida', 'take a break');
    assert.deepEqual(await killed.until('DIS'), { msg: 'You were disconnected: take a break' });
    await killed.ended;
    const last = await FramesClient.open(url);
    await last.logIn('ida', passwordOf('ida'));
    last.close();
  });

  test('who is slowed after wrong guesses is told for how long', async () => {
    await registered(server.url, 'jutta');
    const client = await FramesClient.open(url);
    let msg = '';
    for (let at = 0; at < 8 && !msg.includes('try again'); at++) {
      client.send('LOG', { login: 'jutta', password: 'wrong' });
      msg = String((await client.next('ERR'))['msg']);
    }
    assert.match(msg, /^Too many requests; try again in \d+ s$/);
    client.close();
  });

  test('are told when the server stops, logged in or not, and what was said is kept', async () => {
    const own = await startTestServer({ LISTEN_FRAMES: 'tls://127.0.0.1:0' });
    const where = own.gatewayUrls['frames']!;
    const nobody = await FramesClient.open(where);
    nobody.send('LOG', { login: 'x', password: 'X' });
    await nobody.next('LOG');
    const karl = await FramesClient.seated(where, 'karl', passwordOf('karl'));
    karl.send('UPD', { reciever: 'Général' });
    for (let at = 0; at < 20; at++) karl.send('MSG', { reciever: 'Général', msg: `no. ${at}` });
    await karl.until('HIS', ({ history }) => (history as string[]).length === 20);
    const again = await own.restart();
    try {
      assert.deepEqual(await karl.until('DIS'), { msg: 'the server stops' });
      assert.deepEqual(await nobody.until('DIS'), { msg: 'the server stops' });
      await Promise.all([karl.ended, nobody.ended]);
      const back = await FramesClient.open(again.gatewayUrls['frames']!);
      await back.logIn('karl', passwordOf('karl'));
      back.send('UPD', { reciever: 'Général' });
      assert.equal(textsOf(await back.next('HIS')).length, 20);
      back.close();
      const sealed = await SealedClient.open(again.url);
      await sealed.must('/login_user', { username: 'karl', password: passwordOf('karl') });
      const { rooms } = await sealed.must('/list_rooms');
      const place = (rooms as unknown as { name: string; read_seq: number }[]).find(
        ({ name }) => name === 'Général',
      );
      assert.equal(place?.read_seq, 20, 'what was shown counts as read, also at the end');
    } finally {
      await again.end();
    }
  });

  test('are shown once what an admin says to everybody, in the conversation that they look at', async () => {
    const mona = await join('mona');
    const nora = await join('nora');
    for (const client of [mona, nora]) {
      client.send('UPD', { reciever: 'Général' });
      client.send('SES', {});
      await client.until('ERR');
    }
    server.core.hub.toAll({
      kind: 'notice',
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
      text: 'back in five minutes',
    });
    for (const client of [mona, nora]) {
      const { history } = await client.until('HIS', (data) => String(data['history']).includes('minutes'));
      const line = '[2026-01-02 03:04:05] the server: back in five minutes';
      assert.deepEqual(
        (history as string[]).filter((each) => each.includes('minutes')),
        [line],
      );
      assert.equal((history as string[]).at(-1), line);
    }
    nora.send('MSG', { reciever: 'Général', msg: 'after it' });
    const { history } = await mona.until('HIS', (data) => String(data['history']).includes('after it'));
    assert.match((history as string[]).slice(-2).join('\n'), /the server: back.*\n.*nora: after it$/);
    mona.close();
    nora.close();
  });

  test('leave nothing behind in a gateway that nobody uses any more', async () => {
    const lena = await join('lena');
    lena.send('UPD', { reciever: 'Général' });
    lena.close();
    await until(
      async () => (connectionCount(server) === 0 ? true : undefined),
      'a server without connections',
    );
    assert.doesNotMatch(server.log(), /"level":"error"/);
    assert.ok(!server.log().includes(passwordOf('ada')));
  });
});
