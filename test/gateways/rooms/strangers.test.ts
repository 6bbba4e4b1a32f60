import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, test } from 'node:test';
import { ManualClock } from '../../support/manual-clock.ts';
import { startTestServer } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

describe('a client of the rooms kind at the wrong port', () => {
  test('a plain client at a TLS port is closed, and one with TLS is served', async () => {
    const secure = await startTestServer({ LISTEN_ROOMS: 'tls://127.0.0.1:0' });
    try {
      const secureUrl = secure.gatewayUrls['rooms']!;
      assert.match(secureUrl, /^tls:/);
      const plain = connect(Number(new URL(secureUrl).port), '127.0.0.1');
      plain.on('error', () => {});
      plain.resume();
      plain.write('{"type":"disconnect"}');
      await once(plain, 'close');
      const client = await RoomsClient.signedUp(secureUrl, 'ada');
      await client.leave();
    } finally {
      await secure.end();
    }
  });

  test('TLS to the plain port fails, and is closed', async () => {
    const server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    try {
      const port = Number(new URL(server.gatewayUrls['rooms']!).port);
      await once(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), 'error');
    } finally {
      await server.end();
    }
  });
});

describe('a silent client of the rooms kind', () => {
  test('is closed after 30 seconds, unless it has signed in', async () => {
    const clock = new ManualClock();
    const server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' }, { timers: clock });
    try {
      const url = server.gatewayUrls['rooms']!;
      const user = await RoomsClient.open(url);
      user.send({ type: 'signup', username: 'ada', password: 'a fine long secret' });
      await user.next();
      // Objects leave a moment apart: it takes the clock for the second one.
      clock.advance(10);
      await user.expect('{"type":"signup","status":"ok"}');
      const silent = await RoomsClient.open(url);
      const talkative = await RoomsClient.open(url);
      talkative.write('{"type":"pending_room","room":"Blabla"}');
      await talkative.expect('{"type":"pending_room","status":"error","reason":"not_logged_in"}');
      clock.advance(29_000);
      talkative.write('{"type":"pending_room","room":"Blabla"}');
      await talkative.expect('{"type":"pending_room","status":"error","reason":"not_logged_in"}');
      clock.advance(1_100);
      await Promise.all([silent.expectEnd(), talkative.expectEnd()]);
      clock.advance(10_000);
      await user.settled();
      user.socket.destroy();
    } finally {
      await server.end();
    }
  });
});
