import { after, before, describe, test } from 'node:test';
import { passwordSecret } from '../../src/core/accounts/secret.ts';
import { type Slapd, baseDn, passwordChange, startSlapd, withoutSlapd } from '../support/slapd.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';
import { FramesClient } from './frames/frames-client.ts';
import { VwsClient } from './vws/vws-client.ts';

describe(
  'the first right login after a change of the password in the directory',
  { skip: withoutSlapd },
  () => {
    let slapd: Slapd;
    let server: TestServer;
    before(async () => {
      slapd = await startSlapd({ ada: 'first', bob: 'first' });
      server = await startTestServer({
        LISTEN_FRAMES: 'tcp://127.0.0.1:0',
        VWS_COMPAT: 'on',
        LDAP_URL: slapd.tlsUrl,
        LDAP_BASE_DN: baseDn,
        LDAP_CA: slapd.caFile,
      });
    });
    after(async () => {
      await server.end();
      await slapd.end();
    });

    /** Somebody whose password was changed in the directory since they came last. */
    async function returning(username: string): Promise<string> {
      const email = `${username}@example.org`;
      const account = { username, email, secret: passwordSecret('first'), directoryUid: username };
      await server.core.createAccount('192.0.2.1', account);
      slapd.manage('ldapmodify', passwordChange(username, 'second'));
      return email;
    }

    test('gets in on frames', async () => {
      await returning('ada');
      const client = await FramesClient.open(server.gatewayUrls['frames']!);
      await client.logIn('ada', 'second');
      client.close();
    });

    test('gets in on vws, and stays', async () => {
      const email = await returning('bob');
      const client = await VwsClient.open(server.url);
      await client.must('/login_user', { email, password: 'second' });
      await client.must('/encrypt/bob', { message: 'x' });
      slapd.manage('ldapmodify', passwordChange('bob', 'third'));
      const other = await VwsClient.open(server.url);
      await other.must('/login_user', { email, password: 'third' });
      await client.refused('No authorization', '/encrypt/bob', { message: 'x' });
      await other.must('/encrypt/bob', { message: 'x' });
    });
  },
);
