import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Connection } from '../../../src/core/live/connection.ts';
import { connectionsOfUser } from '../../../src/core/limits/limits.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

/** A connection of the user by some other way in. */
function elsewhere(userId: string): Connection {
  return {
    ...{ userId, sessionKeyId: null, address: '192.0.2.1', way: 'elsewhere', rooms: null },
    form: { encode: () => null },
    send: () => {},
    end: () => {},
  };
}

for (const limits of ['on', 'off']) {
  describe(`connections that a user of the rooms gateway has at once, with limits ${limits}`, () => {
    let server: TestServer;
    before(async () => {
      server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0', LIMITS: limits });
    });
    after(() => server.end());

    test(limits === 'on' ? 'are so many and no more' : 'are as many as they want', async () => {
      // They count on each node by itself.
      const { gatewayUrls, core } = server.nodes[0]!;
      const url = gatewayUrls['rooms']!;
      const first = await RoomsClient.signedUp(url, 'manifold');
      const { id } = (await server.store.read.users.byUsernameKey('manifold'))!;
      const others = Array.from({ length: connectionsOfUser - 1 }, () => elsewhere(id));
      for (const other of others) await core.hub.attach(other, 'manifold');
      const last = await RoomsClient.signingIn(url, 'manifold');
      if (limits === 'on') {
        await last.expect('{"type":"signin","status":"error","reason":"rate_limited"}');
        await first.leave();
        await until(
          async () => (core.hub.connectionsOf(id) < connectionsOfUser ? true : undefined),
          'room for one more',
        );
        const again = await RoomsClient.signingIn(url, 'manifold');
        assert.equal((await again.nextObject())['status'], 'ok');
        again.socket.destroy();
      } else {
        assert.equal((await last.nextObject())['status'], 'ok');
      }
      for (const client of [first, last]) client.socket.destroy();
      for (const other of others) core.hub.detach(other);
    });
  });
}
