import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Directory } from '../../src/core/accounts/directory.ts';
import { createSelfSignedCertificate } from '../../src/crypto/certificate.ts';
import { LdapConnection } from '../../src/ldap/ldap-connection.ts';
import { type LdapDirectoryOptions, createLdapDirectory } from '../../src/ldap/ldap-directory.ts';
import { createLogger } from '../../src/logger.ts';
import { systemTimers } from '../../src/system-clock.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type Slapd, baseDn, personEntry, startSlapd, withoutSlapd } from '../support/slapd.ts';
import { until } from '../support/test-server.ts';

const lines: string[] = [];
const logger = createLogger({ level: 'debug', pretty: false, sink: { write: (line) => lines.push(line) } });
const secret = 'correct horse';

function directoryAt(url: string, options: Partial<LdapDirectoryOptions> = {}): Directory {
  return createLdapDirectory({
    url,
    baseDn,
    startTls: false,
    ca: null,
    timers: systemTimers,
    logger,
    ...options,
  });
}

describe('asking a real OpenLDAP', { skip: withoutSlapd }, () => {
  let slapd: Slapd;
  let ca: string;
  before(async () => {
    slapd = await startSlapd({ ada: secret, 'a*b': 'star', 'p(q)': 'brackets', 'no\\\\body': 'slash' });
    ca = readFileSync(slapd.caFile, 'utf8');
    slapd.manage('ldapadd', personEntry('twin1', 'one', 'uid: twins'));
    slapd.manage('ldapadd', personEntry('twin2', 'two', 'uid: twins'));
  });
  after(async () => {
    assert.doesNotMatch(lines.join(''), /correct horse|star|brackets/);
    await slapd.end();
  });

  const ways: [string, () => Directory][] = [
    ['in the clear', () => directoryAt(slapd.plainUrl)],
    ['over LDAPS', () => directoryAt(slapd.tlsUrl, { ca })],
    ['over LDAPS, by address', () => directoryAt(slapd.tlsUrl.replace('localhost', '127.0.0.1'), { ca })],
    ['with StartTLS', () => directoryAt(slapd.plainUrl, { startTls: true, ca })],
    [
      'with StartTLS, by address',
      () => directoryAt(slapd.plainUrl.replace('localhost', '127.0.0.1'), { startTls: true, ca }),
    ],
  ];
  for (const [way, open] of ways) {
    test(`tells right from wrong ${way}`, async () => {
      const directory = open();
      assert.equal(await directory.check('ada', secret), 'right');
      assert.equal(await directory.check('ADA', secret), 'right');
      assert.equal(await directory.check('ada', 'wrong'), 'wrong');
      assert.equal(await directory.check('nobody', secret), 'wrong');
    });
  }

  test('an empty password is wrong, for anybody', async () => {
    const directory = directoryAt(slapd.plainUrl);
    assert.equal(await directory.check('ada', ''), 'wrong');
    assert.equal(await directory.check('nobody', ''), 'wrong');
    assert.equal(await directory.check('', ''), 'wrong');
  });

  test('characters of filters mean themselves', async () => {
    const directory = directoryAt(slapd.plainUrl);
    for (const uid of [
      '*',
      'a*',
      'ad*',
      '*)(uid=ada',
      'ada)(uid=*',
      'ada\0',
      '\\61da',
      '(',
      ')',
      '',
      ' ',
      'a'.repeat(10_000),
    ]) {
      assert.equal(await directory.check(uid, secret), 'wrong', JSON.stringify(uid));
    }
    assert.equal(await directory.check('a*b', 'star'), 'right');
    assert.equal(await directory.check('axb', 'star'), 'wrong');
    assert.equal(await directory.check('p(q)', 'brackets'), 'right');
  });

  test('what the directory finds equal and we do not lets nobody in', async () => {
    const directory = directoryAt(slapd.plainUrl);
    assert.equal(await directory.check(' ada ', secret), 'wrong');
  });

  test('a uid that two have lets neither in', async () => {
    const directory = directoryAt(slapd.plainUrl);
    assert.equal(await directory.check('twins', 'one'), 'wrong');
    assert.equal(await directory.check('twins', 'two'), 'wrong');
    assert.equal(await directory.check('twin1', 'one'), 'right');
  });

  test('a certificate that is not trusted is not spoken to', async () => {
    assert.equal(await directoryAt(slapd.tlsUrl).check('ada', secret), 'unavailable');
    assert.equal(await directoryAt(slapd.plainUrl, { startTls: true }).check('ada', secret), 'unavailable');
    const other = await createSelfSignedCertificate({
      names: ['localhost'],
      addresses: [],
      now: Date.now(),
      years: 1,
    });
    const wrongCa = { ca: other.certificatePem };
    assert.equal(await directoryAt(slapd.tlsUrl, wrongCa).check('ada', secret), 'unavailable');
    const startTls = { startTls: true, ...wrongCa };
    assert.equal(await directoryAt(slapd.plainUrl, startTls).check('ada', secret), 'unavailable');
  });

  test('a certificate of another name is not spoken to', async () => {
    for (const startTls of [true, false]) {
      const url = (startTls ? slapd.plainUrl : slapd.tlsUrl).replace('localhost', '127.0.0.2');
      const forwarded = await forward(new URL(url).port, '127.0.0.2');
      const place = url.replace(/:\d+$/, `:${forwarded.port}`);
      assert.equal(await directoryAt(place, { startTls, ca }).check('ada', secret), 'unavailable');
      forwarded.server.close();
    }
  });

  test('a base that is not there lets nobody in', async () => {
    const directory = directoryAt(slapd.plainUrl, { baseDn: 'ou=nowhere,dc=example,dc=org' });
    assert.equal(await directory.check('ada', secret), 'unavailable');
  });

  test('many ask at once', async () => {
    const directory = directoryAt(slapd.plainUrl, { concurrency: 4 });
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, at) => directory.check('ada', at % 2 === 0 ? secret : 'wrong')),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 32 }, (_, at) => (at % 2 === 0 ? 'right' : 'wrong')),
    );
  });

  test('a connection that the server has ended is not made anew', async () => {
    const { port } = new URL(slapd.plainUrl);
    const ends: (() => void)[] = [];
    const server = await stub((socket) => {
      const inner = connect(Number(port), '127.0.0.1');
      inner.on('error', () => {});
      socket.pipe(inner).pipe(socket);
      ends.push(() => socket.destroy());
    });
    const connection = new LdapConnection({ url: urlOf(server), startTls: false, ca: null });
    await connection.client.search(baseDn, { scope: 'base' });
    ends[0]!();
    await until(async () => (connection.client.isConnected ? undefined : true), 'an end');
    await assert.rejects(connection.client.bind(`uid=ada,${baseDn}`, secret), /hung up/);
    assert.equal(ends.length, 1);
    server.close();
  });

  for (let cut = 1; cut <= 8; cut++) {
    test(`nothing goes out in the clear where StartTLS is asked for: the server hangs up after ${cut} answers`, async () => {
      let connections = 0;
      let heard = '';
      const server = await stub((socket) => {
        connections += 1;
        const isFirst = connections === 1;
        const inner = connect(Number(new URL(slapd.plainUrl).port), '127.0.0.1');
        inner.on('error', () => {});
        socket.on('data', (bytes) => {
          heard += bytes.toString('latin1');
          inner.write(bytes);
        });
        let answers = 0;
        inner.on('data', (bytes) => {
          answers += 1;
          socket.write(bytes);
          if (isFirst && answers === cut) socket.end();
        });
        socket.on('close', () => inner.destroy());
      });
      const directory = directoryAt(urlOf(server).replace('127.0.0.1', 'localhost'), { startTls: true, ca });
      await directory.check('ada', secret);
      assert.equal(connections, 1);
      assert.ok(!heard.includes(secret));
      server.close();
    });
  }
});

describe('asking a directory that fails', () => {
  const stubs: [string, (socket: Socket) => void][] = [
    ['hangs up', (socket) => socket.destroy()],
    ['resets', (socket) => socket.resetAndDestroy()],
    ['closes politely', (socket) => socket.end()],
    ['speaks garbage', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'sends a message that no one asked for',
      (socket) => socket.end(Buffer.from('300c020100780700010004000400', 'hex')),
    ],
  ];
  for (const [what, serve] of stubs) {
    for (const startTls of [false, true]) {
      test(`nobody is let in when it ${what}${startTls ? ', with StartTLS' : ''}`, async () => {
        const server = await stub(serve);
        const directory = directoryAt(urlOf(server), { startTls, milliseconds: 500 });
        assert.equal(await directory.check('ada', secret), 'unavailable');
        server.close();
      });
    }
  }

  test('nobody is let in when nothing listens, or the name leads nowhere', async () => {
    const server = await stub(() => {});
    const url = urlOf(server);
    server.close();
    await once(server, 'close');
    assert.equal(await directoryAt(url).check('ada', secret), 'unavailable');
    assert.equal(await directoryAt('ldaps://127.0.0.1:1').check('ada', secret), 'unavailable');
  });

  test('a silent one is waited for 5 s, and its connection is closed', async () => {
    const clock = new ManualClock();
    const sockets: Socket[] = [];
    const server = await stub((socket) => sockets.push(socket));
    const connected = once(server, 'connection');
    let answer: string | null = null;
    const asked = directoryAt(urlOf(server), { timers: clock }).check('ada', secret);
    void asked.then((given) => (answer = given));
    await connected;
    clock.advance(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answer, null);
    clock.advance(1);
    assert.equal(await asked, 'unavailable');
    if (!sockets[0]!.closed) await once(sockets[0]!, 'close');
    server.close();
  });

  test('the 5 s are for all of it: those who wait for a place are not asked after them', async () => {
    const clock = new ManualClock();
    let connections = 0;
    const server = await stub(() => (connections += 1));
    const connected = once(server, 'connection');
    const directory = directoryAt(urlOf(server), { timers: clock, concurrency: 1 });
    const answers = Promise.all([directory.check('ada', secret), directory.check('eve', secret)]);
    await connected;
    clock.advance(5_000);
    assert.deepEqual(await answers, ['unavailable', 'unavailable']);
    assert.equal(connections, 1);
    server.close();
  });

  test('too many at once are turned away', async () => {
    const clock = new ManualClock();
    const server = await stub(() => {});
    const directory = directoryAt(urlOf(server), { timers: clock, concurrency: 1 });
    const answers = Array.from({ length: 10 }, () => directory.check('ada', secret));
    assert.equal(await answers[9], 'unavailable');
    clock.advance(5_000);
    await Promise.all(answers);
    server.close();
  });
});

async function stub(serve: (socket: Socket) => void): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = server.close.bind(server);
  server.close = (callback) => {
    for (const socket of sockets) socket.destroy();
    return close(callback);
  };
  return server;
}

function urlOf(server: Server): string {
  return `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Passes a port on, at another address. */
async function forward(port: string, address: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    const inner = connect(Number(port), '127.0.0.1');
    for (const each of [socket, inner]) each.on('error', () => {});
    socket.pipe(inner).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
