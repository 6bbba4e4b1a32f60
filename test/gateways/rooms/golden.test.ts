import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { apartMilliseconds } from '../../../src/gateways/rooms/gateway.ts';
import { connectionsBy, isConnectedBy } from '../../support/across-nodes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { passwordOf } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

/** The seed's messages and their answers, byte for byte. */

const allRooms = '["Blabla","Comptabilité","Général","Informatique","Marketing"]';

describe('a conversation of the rooms kind', () => {
  let server: TestServer;
  let url: string;
  before(async () => {
    server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    url = server.gatewayUrls['rooms']!;
  });
  after(() => server.end());

  test('signup: Général first, then ok; the name is taken afterwards', async () => {
    const client = await RoomsClient.open(url);
    const signup = `{"type":"signup","username":"ada","password":${JSON.stringify(passwordOf('ada'))}}`;
    client.write(signup);
    await client.expect(
      '{"type":"pending_room","status":"ok","room":"Général"}',
      '{"type":"signup","status":"ok"}',
    );
    client.write(signup.replace('ada', 'ADA'));
    await client.expect('{"type":"signup","status":"error","reason":"username_already_used"}');
    client.write('{"type":"signup","username":"short","password":"short"}');
    await client.expect('{"type":"signup","status":"error","reason":"password: at least 10 characters"}');
    client.write('{"type":"signup","username":"a b","password":"a fine long secret"}');
    await client.expect(
      '{"type":"signup","status":"error","reason":"username: letters, digits, and _ . - only"}',
    );
    await client.leave();
  });

  test('signin: ok with the rooms, or what was wrong', async () => {
    await (await RoomsClient.signedUp(url, 'grace')).leave();
    const client = await RoomsClient.open(url);
    client.write('{"type":"signin","username":"nobody","password":"a fine long secret"}');
    await client.expect('{"type":"signin","status":"error","reason":"incorrect_username"}');
    client.write('{"type":"signin","username":"grace","password":"another long secret"}');
    await client.expect('{"type":"signin","status":"error","reason":"incorrect_password"}');
    client.send({ type: 'signin', username: 'grace', password: passwordOf('grace') });
    await client.expect(`{"type":"signin","status":"ok","all_rooms":${allRooms},"rooms":["Général"]}`);
    await client.leave();
  });

  test('pending_room: at once, or when an admin accepts, and the errors', async () => {
    const client = await RoomsClient.open(url);
    client.write('{"type":"pending_room","room":"Blabla"}');
    await client.expect('{"type":"pending_room","status":"error","reason":"not_logged_in"}');
    client.socket.destroy();
    const linus = await RoomsClient.signedUp(url, 'linus');
    linus.write('{"type":"pending_room","room":"Blabla"}');
    await linus.expect('{"type":"pending_room","status":"ok","room":"Blabla"}');
    linus.write('{"type":"pending_room","room":"blabla"}');
    await linus.expect('{"type":"pending_room","status":"error","reason":"already_in_room"}');
    linus.write('{"type":"pending_room","room":"Nowhere"}');
    await linus.expect('{"type":"pending_room","status":"error","reason":"room_does_not_exist"}');
    linus.write(
      '{"type":"pending_room","room":"Marketing"}{"type":"public","room":"Marketing","message":"?"}',
    );
    await linus.expect('{"type":"public","status":"error","reason":"not_in_room"}');
    await server.core.acceptPending('console', 'linus', ['Marketing']);
    await linus.expect('{"type":"pending_room","status":"ok","room":"Marketing"}');
    linus.write('{"type":"public","room":"Marketing","message":"in"}');
    await linus.expect('{"type":"public","room":"Marketing","user":"linus","message":"in"}');
    await linus.leave();
  });

  test('public: to every member, the sender too, and the errors', async () => {
    const stranger = await RoomsClient.open(url);
    stranger.write('{"type":"public","room":"Général","message":"hello"}');
    await stranger.expect('{"type":"public","status":"error","reason":"not_logged_in"}');
    stranger.socket.destroy();
    const ken = await RoomsClient.signedUp(url, 'ken');
    const rob = await RoomsClient.signedUp(url, 'rob');
    ken.write('{"type":"public","room":"Général","message":"h\\u00e9llo"}');
    for (const client of [ken, rob]) {
      await client.expect('{"type":"public","room":"Général","user":"ken","message":"héllo"}');
    }
    ken.write('{"type":"public","room":"Blabla","message":"hello"}');
    await ken.expect('{"type":"public","status":"error","reason":"not_in_room"}');
    ken.write('{"type":"public","room":"Nowhere","message":"hello"}');
    await ken.expect('{"type":"public","status":"error","reason":"not_in_room"}');
    ken.write('{"type":"public","room":"Général","user":"rob","message":"forged"}');
    await ken.expect('{"type":"public","status":"error","reason":"not_valid_sender"}');
    ken.write('{"type":"public","room":"Général","message":""}');
    await ken.expect('{"type":"public","status":"error","reason":"message: is empty"}');
    ken.write('{"type":"public","room":"Général"}');
    await ken.expect('{"type":"public","status":"error","reason":"malformed_message"}');
    await Promise.all([ken.leave(), rob.leave()]);
  });

  test('private: a room of two, named by both, that is spoken in as in any other', async () => {
    const stranger = await RoomsClient.open(url);
    stranger.write('{"type":"private","to":"zoe","user":"amy","message":"hello"}');
    await stranger.expect('{"type":"private","status":"error","reason":"not_logged_in"}');
    stranger.socket.destroy();
    const zoe = await RoomsClient.signedUp(url, 'zoe');
    const amy = await RoomsClient.signedUp(url, 'amy');
    zoe.write('{"type":"private","to":"amy","user":"zoe","message":"hello"}');
    await zoe.expect('{"type":"private","status":"ok"}');
    for (const client of [zoe, amy]) {
      await client.expect(
        '{"type":"pending_room","status":"ok","room":"amyzoe"}',
        '{"type":"public","room":"amyzoe","user":"zoe","message":"hello"}',
      );
    }
    amy.write('{"type":"public","room":"amyzoe","message":"yes?"}');
    for (const client of [zoe, amy]) {
      await client.expect('{"type":"public","room":"amyzoe","user":"amy","message":"yes?"}');
    }
    amy.write('{"type":"private","to":"ZOE","user":"amy","message":"well"}');
    await amy.expect(
      '{"type":"private","status":"ok"}',
      '{"type":"public","room":"amyzoe","user":"amy","message":"well"}',
    );
    await zoe.expect('{"type":"public","room":"amyzoe","user":"amy","message":"well"}');
    for (const to of ['nobody', 'amy', 'not a name', '']) {
      amy.send({ type: 'private', to, user: 'amy', message: 'hello' });
      await amy.expect('{"type":"private","status":"error","reason":"recipient_not_found"}');
    }
    amy.write('{"type":"private","to":"zoe","user":"ken","message":"hello"}');
    await amy.expect('{"type":"private","status":"error","reason":"not_valid_sender"}');
    await Promise.all([zoe.leave(), amy.leave()]);
    const back = await RoomsClient.signingIn(url, 'amy');
    await back.expect(`{"type":"signin","status":"ok","all_rooms":${allRooms},"rooms":["amyzoe","Général"]}`);
    await back.leave();
  });

  test('disconnect: ok, and closed; an unknown type is nothing', async () => {
    const client = await RoomsClient.open(url);
    client.write('{"type":"history"}{}{"type":7}{"type":"toString"}{"type":"disconnect"}');
    await client.expect('{"type":"disconnect","status":"ok"}');
    await client.expectEnd();
  });

  test('every message may come in two pieces, cut at every byte', async () => {
    await (await RoomsClient.signedUp(url, 'élodie')).leave();
    const client = await RoomsClient.signingIn(url, 'élodie');
    const signedIn = `{"type":"signin","status":"ok","all_rooms":${allRooms},"rooms":["Général"]}`;
    await client.expect(signedIn);
    const exchanges = {
      [`{"type":"signin","username":"élodie","password":"${passwordOf('élodie')}"}`]: signedIn,
      '{"type":"signup","username":"Élodie","password":"a fine long secret"}':
        '{"type":"signup","status":"error","reason":"username_already_used"}',
      '{"type":"public","room":"Général","message":"{\\"}\\\\ 🙂"}':
        '{"type":"public","room":"Général","user":"élodie","message":"{\\"}\\\\ 🙂"}',
      '{"type":"pending_room","room":"Général"}':
        '{"type":"pending_room","status":"error","reason":"already_in_room"}',
      '{"type":"private","to":"nobody","message":"é"}':
        '{"type":"private","status":"error","reason":"recipient_not_found"}',
    };
    for (const [message, answer] of Object.entries(exchanges)) {
      const bytes = Buffer.from(message);
      for (let cut = 1; cut < bytes.length; cut++) {
        client.write(bytes.subarray(0, cut));
        await turn();
        client.write(bytes.subarray(cut));
        await client.expect(answer);
      }
    }
    const goodbye = Buffer.from('{"type":"disconnect"}');
    for (let cut = 1; cut < goodbye.length; cut++) {
      const other = await RoomsClient.open(url);
      other.write(goodbye.subarray(0, cut));
      await turn();
      other.write(goodbye.subarray(cut));
      await other.expect('{"type":"disconnect","status":"ok"}');
      await other.expectEnd();
    }
    await client.leave();
  });

  test('who is here is online elsewhere, and then is not', async () => {
    const client = await RoomsClient.signedUp(url, 'present');
    const find = async () => (await server.store.read.users.byUsernameKey('present'))!.id;
    const id = await find();
    assert.ok(isConnectedBy(server, id, 'rooms'));
    assert.equal(connectionsBy(server, 'rooms'), 1);
    await client.leave();
    await until(async () => (connectionsBy(server, 'rooms') === 0 ? true : undefined), 'an empty hub');
  });
});

describe('objects of the rooms kind on their way', () => {
  test('leave in a segment each, a moment after the one before', async () => {
    const clock = new ManualClock();
    const server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' }, { timers: clock });
    try {
      const client = await RoomsClient.open(server.gatewayUrls['rooms']!);
      let reads = 0;
      client.socket.on('data', () => (reads += 1));
      client.write('{"type":"pending_room","room":"-"}'.repeat(5));
      for (let answer = 1; answer <= 5; answer++) {
        await client.expect('{"type":"pending_room","status":"error","reason":"not_logged_in"}');
        assert.equal(reads, answer, 'as many reads as objects');
        clock.advance(apartMilliseconds);
      }
      client.socket.destroy();
    } finally {
      await server.end();
    }
  });
});
