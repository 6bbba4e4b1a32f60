import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connectionCount, connectionsBy, connectionsOf } from '../support/across-nodes.ts';
import { EventReader } from '../support/event-reader.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type Json, SealedClient, clientKeys, passwordOf, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../support/test-server.ts';

describe('live events', () => {
  let server: TestServer;
  let ada: SealedClient;
  let bert: SealedClient;
  let rooms = 0;
  before(async () => {
    server = await startTestServer();
    ada = await registered(server.url, 'ada');
    bert = await registered(server.url, 'bert');
  });
  after(() => server.end());

  async function sharedRoom(): Promise<string> {
    const { room } = await ada.must('/create_room', { room: `shared ${++rooms}`, kind: 'open' });
    await bert.must('/join_room', { room });
    return String(room);
  }

  test('never tell of what was said after somebody was removed', async () => {
    const room = await sharedRoom();
    const events = await EventReader.open(bert);
    // Side by side, so that removal and message share a commit.
    const sent = [];
    for (let at = 0; at < 20; at++) sent.push(ada.must('/send_message', { room, message: `before ${at}` }));
    const removed = ada.must('/remove_member', { room, username: 'bert', reason: 'too loud' });
    for (let at = 0; at < 20; at++) sent.push(ada.must('/send_message', { room, message: `after ${at}` }));
    await Promise.all([...sent, removed]);
    const gone = await events.next('room_changed', (event) => (event['state'] as unknown) === 'removed');
    assert.equal(gone['reason'], 'too loud');
    await ada.must('/send_message', { to: 'bert', message: 'the last word' });
    await events.next('message', ({ message }) => {
      const text = String(message);
      assert.ok(text === 'the last word', `heard after the removal: ${text}`);
      return true;
    });
    events.close();
  });

  test('end with the session, by logout, revocation and change of password', async () => {
    const clara = await registered(server.url, 'clara');
    const login = { username: 'clara', password: passwordOf('clara') };
    const elsewhere = async (): Promise<EventReader> => {
      const client = await SealedClient.open(server.url);
      await client.must('/login_user', login);
      return EventReader.open(client);
    };
    const own = await EventReader.open(clara);
    const revoked = await elsewhere();
    const { sessions } = await clara.must('/list_sessions');
    for (const { current, session_id } of sessions as unknown as { current: boolean; session_id: string }[]) {
      if (!current) await clara.must('/revoke_session', { session_id });
    }
    await revoked.ended;
    const outdated = await elsewhere();
    const change = { password: login.password, new_password: 'another fine long secret' };
    await clara.must('/change_password', change);
    await outdated.ended;
    await ada.must('/send_message', { to: 'clara', message: 'you are still here' });
    await own.next('message');
    await clara.must('/logout');
    await own.ended;
    await assert.rejects(EventReader.open(clara), /session_unknown/);
  });

  test('end when the session changes its user', async () => {
    const dora = await registered(server.url, 'dora');
    const events = await EventReader.open(dora);
    await dora.must('/login_user', { username: 'bert', password: passwordOf('bert') });
    await events.ended;
  });

  test('end when their session ended while their numbers were being reserved', async () => {
    const edda = await registered(server.url, 'edda');
    let ghosts = 0;
    for (let round = 0; round < 10; round++) {
      const elsewhere = await SealedClient.open(server.url);
      await elsewhere.must('/login_user', { username: 'edda', password: passwordOf('edda') });
      const { sessions } = await elsewhere.must('/list_sessions');
      const own = (sessions as unknown as { current: boolean; session_id: string }[]).find(
        (each) => each.current,
      );
      // Far beyond what was reserved: the request waits for a commit, and the revocation comes with the same.
      elsewhere.seq += 50_000;
      const [stream] = await Promise.all([
        EventReader.open(elsewhere).catch(() => null),
        edda.must('/revoke_session', { session_id: own?.session_id }),
      ]);
      if (stream === null) continue;
      await edda.must('/me');
      ghosts += connectionsOf(server, (await userId(edda)) ?? '');
      stream.close();
    }
    assert.equal(ghosts, 0);
  });

  test('are refused behind another answer on one connection, and leave nothing behind', async () => {
    const flora = await registered(server.url, 'flora');
    // What stands before several nodes would take the requests apart.
    const socket = connect(Number(new URL(server.nodes[0]!.url).port), '127.0.0.1');
    socket.on('error', () => {});
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    const bodies = Array.from({ length: 5 }, () => flora.seal('/events', {}));
    socket.write(
      bodies
        .map((body) => `POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
        .join(''),
    );
    await until(async () => (received.includes(': open') ? true : undefined), 'the first stream');
    await flora.must('/me');
    assert.equal(connectionsOf(server, (await userId(flora)) ?? ''), 1);
    socket.destroy();
  });

  test('carry only the rooms asked for', async () => {
    const [one, other] = [await sharedRoom(), await sharedRoom()];
    const events = await EventReader.open(bert, { rooms: [other] });
    await ada.must('/send_message', { room: one, message: 'not asked for' });
    await ada.must('/send_message', { room: other, message: 'asked for' });
    assert.equal((await events.next('message'))['message'], 'asked for');
    events.close();
  });

  test('tell a change of role once to each, and to who it is about whatever they listen to', async () => {
    const [room, other] = [await sharedRoom(), await sharedRoom()];
    const streams = await Promise.all([
      EventReader.open(ada),
      EventReader.open(bert),
      EventReader.open(bert, { rooms: [other] }),
    ]);
    const roles = ['moderator', 'member'];
    for (const role of roles) await ada.must('/set_role', { room, username: 'bert', role });
    for (const events of streams) {
      const told: string[] = [];
      await events.next('room_changed', (event) => {
        assert.equal(event['username'], 'bert');
        told.push(String(event['role']));
        return told.length === roles.length;
      });
      assert.deepEqual(told.sort(), roles.toSorted());
      events.close();
    }
  });

  test('name a direct room by the other one of it, when it is opened and when they leave for good', async () => {
    const eve = await registered(server.url, 'eve');
    const [berts, eves] = await Promise.all([EventReader.open(bert), EventReader.open(eve)]);
    const { room } = await eve.must('/send_message', { to: 'bert', message: 'hello' });
    const isIt = (event: Json): boolean => String(event['room']) === String(room);
    const named = (event: Json) => [event['with'], event['room_name'], event['state']];
    assert.deepEqual(named(await berts.next('room_changed', isIt)), ['eve', null, 'member']);
    assert.deepEqual(named(await eves.next('room_changed', isIt)), ['bert', null, 'member']);
    await eve.must('/delete_account', { password: passwordOf('eve') });
    assert.deepEqual(named(await berts.next('room_changed', isIt)), ['eve', null, 'none']);
    berts.close();
    eves.close();
  });

  test('are told to moderators where somebody asks to join, and to the one who is let in or refused', async () => {
    const { room } = await ada.must('/create_room', { room: `by approval ${++rooms}`, kind: 'approval' });
    const [moderator, asking] = await Promise.all([EventReader.open(ada), EventReader.open(bert)]);
    await bert.must('/join_room', { room });
    const asked = await moderator.next('room_changed', (event) => (event['state'] as unknown) === 'pending');
    assert.equal(asked['username'], 'bert');
    await ada.must('/refuse_member', { room, username: 'bert', reason: 'who are you?' });
    const refused = await asking.next('room_changed', (event) => (event['state'] as unknown) === 'refused');
    assert.equal(refused['reason'], 'who are you?');
    await bert.must('/join_room', { room });
    await ada.must('/approve_member', { room, username: 'bert' });
    await asking.next('room_changed', (event) => (event['state'] as unknown) === 'member');
    await moderator.next('member_joined', (event) => (event['username'] as unknown) === 'bert');
    moderator.close();
    asking.close();
  });

  test('are cut off for who never reads, and nobody else notices', async () => {
    const room = await sharedRoom();
    const deaf = connect(Number(new URL(server.url).port), '127.0.0.1');
    const body = bert.seal('/events', {});
    deaf.write(
      `POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const closed = new Promise<void>((resolve) => deaf.once('close', () => resolve()));
    deaf.on('error', () => {});
    await until(async () => (connectionsBy(server, 'events') ? true : undefined), 'a stream');
    deaf.pause();
    const listening = await EventReader.open(bert);
    const before = connectionCount(server);
    const long = 'x'.repeat(60_000);
    let sent = 0;
    while (connectionCount(server) === before && sent < 400) {
      await ada.must('/send_message', { room, message: `${++sent} ${long}` });
    }
    assert.equal(connectionCount(server), before - 1, 'the one that does not read was let go');
    await listening.next('message', ({ message }) => String(message).startsWith(`${sent} `));
    listening.close();
    deaf.resume();
    await closed;
  });
});

async function userId(client: SealedClient): Promise<string | undefined> {
  const { user } = await client.must('/me');
  return user?.['id'] as unknown as string;
}

describe('presence and typing', () => {
  let server: TestServer;
  let clock: ManualClock;
  let ada: SealedClient;
  let bert: SealedClient;
  before(async () => {
    clock = new ManualClock();
    server = await startTestServer({}, { clock, timers: clock });
    ada = await registered(server.url, 'ada');
    bert = await registered(server.url, 'bert');
  });
  after(() => server.end());

  /** Moves the clock until the event is there: what it waits for happens in other turns of the event loop. */
  async function moving(events: EventReader, kind: string, step: number) {
    let found: Awaited<ReturnType<EventReader['next']>> | undefined;
    const waiting = events.next(kind).then((event) => (found = event));
    await until(async () => {
      clock.advance(step);
      return found;
    }, kind);
    return waiting;
  }

  test('announces coming at once, and going after a grace in which a reconnect does not flicker', async () => {
    const watching = await EventReader.open(ada);
    const first = await EventReader.open(bert);
    const came = await moving(watching, 'presence', 100);
    assert.deepEqual([came['username'], came['online']], ['bert', true]);
    // A reconnect within the grace: nothing is told.
    first.close();
    await until(async () => (connectionCount(server) === 1 ? true : undefined), 'a break');
    clock.advance(4_000);
    const second = await EventReader.open(bert);
    clock.advance(10_000);
    await bert.must('/set_typing', { room: 'Général', typing: true });
    await watching.next('typing');
    assert.ok(!watching.events.some((event) => (event['kind'] as unknown) === 'presence'));
    second.close();
    await until(async () => (connectionCount(server) === 1 ? true : undefined), 'a break');
    const { users } = await ada.must('/list_users', { online: true });
    assert.equal((users as unknown as unknown[]).length, 2, 'within the grace they count as online');
    const went = await moving(watching, 'presence', 1_000);
    assert.deepEqual([went['username'], went['online']], ['bert', false]);
    watching.close();
  });

  test('ends a stream whose key is over, though no clean-up has come by', async () => {
    const carl = await registered(server.url, 'carl');
    const stream = await EventReader.open(carl);
    const { publicKey } = clientKeys();
    await carl.must('/rotate_session_key', { public_key: publicKey.export({ format: 'jwk' }) });
    // The old key retires after 30 s; the heartbeats come every 25.
    await until(async () => {
      clock.advance(5_000);
      return Promise.race([
        stream.ended.then(() => true),
        new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
      ]);
    }, 'the end of the stream');
  });

  test('lets typing expire by itself', async () => {
    const watching = await EventReader.open(ada);
    await bert.must('/set_typing', { room: 'Général', typing: true });
    assert.equal((await watching.next('typing'))['typing'], true);
    // Saying so again tells nobody anything, but keeps it up.
    clock.advance(2_000);
    await bert.must('/set_typing', { room: 'Général', typing: true });
    clock.advance(5_000);
    await ada.must('/send_message', { room: 'Général', message: 'go on' });
    await watching.next('message');
    assert.ok(!watching.events.some((event) => (event['kind'] as unknown) === 'typing'));
    clock.advance(1_500);
    assert.equal((await watching.next('typing'))['typing'], false);
    watching.close();
  });
});
