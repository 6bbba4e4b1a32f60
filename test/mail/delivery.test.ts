import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { type MailContent, newMailRow } from '../../src/core/mail/mail-content.ts';
import { MailDelivery } from '../../src/core/mail/mail-delivery.ts';
import type { MailReads, MailRow } from '../../src/core/store.ts';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import { createSelfSignedCertificate } from '../../src/crypto/certificate.ts';
import { createLogger } from '../../src/logger.ts';
import { type SmtpTransportOptions, createSmtpTransport } from '../../src/mail/smtp-transport.ts';
import { mailRenderer } from '../../src/mail/templates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/test-server.ts';

const keys = createAtRestKeys(randomBytes(32));
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Received {
  readonly from: string;
  readonly recipients: string[];
  readonly raw: string;
}

/** A real mail server on a free port, and what it was given. */
async function mailServer(
  options: SMTPServerOptions = {},
): Promise<{ port: number; received: Received[]; close: () => Promise<void> }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.key === undefined ? ['STARTTLS'] : [],
    onData: (stream, session, done) => {
      let raw = '';
      stream.on('data', (chunk: Buffer) => (raw += chunk.toString()));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          recipients: rcptTo.map(({ address }) => address),
          raw,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await new Promise<void>((resolve) => server.close(() => resolve()));
    closed = true;
  };
  ends.push(close);
  return { port, received, close };
}

/** Queued mails in memory, and the delivery of them. */
function delivery(
  options: Partial<SmtpTransportOptions> & { port: number },
  rows: MailRow[] = [],
  clock = new ManualClock(),
) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', pretty: false, sink: { write: (line) => lines.push(line) } });
  const change = (id: string, changes: Partial<MailRow>): void => {
    const at = rows.findIndex((row) => row.id === id);
    rows[at] = { ...rows[at]!, ...changes };
  };
  const mails: MailReads = {
    due: async (now, limit) =>
      rows.filter((row) => row.settledAt === null && row.nextAttemptAt <= now).slice(0, limit),
    nextAttemptAt: async () => rows.find((row) => row.settledAt === null)?.nextAttemptAt ?? null,
    waiting: async () => rows.filter((row) => row.settledAt === null).length,
    countSince: async () => 0,
  };
  const made = new MailDelivery({
    mails,
    settle: async ({ id, at }) => change(id, { settledAt: at }),
    postpone: async ({ id, attempts, nextAttemptAt }) => change(id, { attempts, nextAttemptAt }),
    transport: createSmtpTransport({
      server: '127.0.0.1',
      security: 'opportunistic',
      username: null,
      password: null,
      sender: { name: 'Letterlock', address: 'letterlock@example.org' },
      timeoutMilliseconds: 300,
      ...options,
    }),
    render: mailRenderer({
      publicUrl: 'https://chat.example.org',
      linkBase: () => 'https://chat.example.org:5050',
    }),
    keys,
    clock,
    timers: clock,
    random: () => 0.5,
    logger,
  });
  ends.push(() => made.stop());
  const queue = (content: MailContent): string => {
    const id = `mail-${rows.length}`;
    rows.push(newMailRow(keys, { id, now: clock.now(), content }));
    return id;
  };
  const row = (id: string): MailRow => rows.find((each) => each.id === id)!;
  return { made, queue, row, rows, clock, log: () => lines.join('') };
}

const code: MailContent = {
  kind: 'recovery_code',
  to: 'ada@example.org',
  username: 'ada',
  code: 'ABCDEFGH',
  minutes: 10,
};
const settled = (each: { row: (id: string) => MailRow }, id: string) =>
  until(async () => each.row(id).settledAt ?? undefined, 'a settled mail');
const postponed = (each: { row: (id: string) => MailRow }, id: string, attempts: number) =>
  until(async () => (each.row(id).attempts >= attempts ? true : undefined), `attempt ${attempts}`);

describe('a mail', () => {
  test('is delivered once, to one recipient, as text and as HTML without anything remote', async () => {
    const server = await mailServer();
    const own = delivery({ port: server.port });
    const id = own.queue(code);
    own.made.start();
    await settled(own, id);
    assert.equal(server.received.length, 1);
    const [mail] = server.received;
    assert.deepEqual([mail?.from, mail?.recipients], ['letterlock@example.org', ['ada@example.org']]);
    const parsed = await PostalMime.parse(mail?.raw ?? '');
    assert.match(parsed.text ?? '', /^ {4}ABCDEFGH$/m);
    assert.match(parsed.html ?? '', /ABCDEFGH/);
    assert.doesNotMatch(parsed.html ?? '', /src=|href=|url\(/);
    assert.match(mail?.raw ?? '', /Auto-Submitted: auto-generated/);
    assert.ok(!own.log().includes('ABCDEFGH') && !own.log().includes('ada@'), 'the log tells neither');
  });

  test('carries no header or recipient that a name or an address smuggled in', async () => {
    const server = await mailServer();
    const own = delivery({ port: server.port });
    const hostile = 'eve\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>';
    const ids = [
      own.queue({ ...code, username: hostile }),
      own.queue({
        kind: 'email_changing',
        to: 'ada@example.org',
        username: hostile,
        newEmail: `x@y.z${hostile}`,
      }),
      own.queue({ ...code, to: 'ada@example.org>,<victim@example.org' }),
      own.queue({ ...code, to: 'ada@example.org\r\nRCPT TO:<victim@example.org>' }),
    ];
    own.made.start();
    for (const id of ids.slice(0, 2)) await settled(own, id);
    await postponedOrSettled(own, ids[3] ?? '');
    for (const { recipients, raw } of server.received) {
      assert.equal(recipients.length, 1);
      assert.ok(!recipients.includes('victim@example.org'));
      const parsed = await PostalMime.parse(raw);
      assert.equal(parsed.bcc, undefined);
      assert.ok(!parsed.headers.some(({ value }) => value.includes('victim@') && !value.includes('ada@')));
      assert.doesNotMatch(parsed.html ?? '', /<script>/);
    }
  });

  test('to nobody is dropped without a word to the server', async () => {
    const server = await mailServer();
    const own = delivery({ port: server.port });
    const id = own.queue({ ...code, to: null });
    own.made.start();
    await settled(own, id);
    assert.equal(server.received.length, 0);
  });

  test('looks the same in the queue whoever it is for', () => {
    const known = newMailRow(keys, { id: 'a', now: 1, content: code });
    const nobody = newMailRow(keys, { id: 'b', now: 1, content: { ...code, to: null, username: '' } });
    assert.equal(known.sealedContent.length, nobody.sealedContent.length);
  });

  test('is tried again with growing pauses while the server is down, also after a restart', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    blocker.close();
    const own = delivery({ port });
    const id = own.queue(code);
    own.made.start();
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 4; attempt++) {
      await postponed(own, id, attempt);
      pauses.push(own.row(id).nextAttemptAt - own.clock.now());
      if (attempt < 4) own.clock.advance(own.row(id).nextAttemptAt - own.clock.now());
    }
    assert.deepEqual(pauses, [15_000, 30_000, 60_000, 120_000]);
    await own.made.stop();
    const server = await mailServer();
    const after = delivery({ port: server.port }, own.rows, own.clock);
    own.clock.advance(120_000);
    after.made.start();
    await settled(after, id);
    assert.equal(server.received.length, 1);
  });

  test('is given up after a day, with an error in the log', async () => {
    const server = await mailServer({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('later'), { responseCode: 451 })),
    });
    const own = delivery({ port: server.port });
    const id = own.queue(code);
    own.made.start();
    await postponed(own, id, 1);
    own.clock.advance(24 * 60 * 60 * 1000 + 1);
    await settled(own, id);
    assert.match(own.log(), /"level":"error".*mail given up/);
    assert.equal(server.received.length, 0);
  });

  test('is given up at once when its recipient is refused for good', async () => {
    const server = await mailServer({
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('no such user'), { responseCode: 550 })),
    });
    const own = delivery({ port: server.port });
    const id = own.queue(code);
    own.made.start();
    await settled(own, id);
    assert.match(own.log(), /mail given up/);
    assert.ok(!own.log().includes('no such user'));
  });

  test('waits while the server does not know us, because an admin may mend that', async () => {
    const server = await mailServer({ authOptional: false, disabledCommands: ['STARTTLS'] });
    const own = delivery({ port: server.port });
    const id = own.queue(code);
    own.made.start();
    await postponed(own, id, 1);
    assert.equal(own.row(id).settledAt, null);
  });

  test('does not wait for ever for a server that says nothing', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const own = delivery({ port: (silent.address() as { port: number }).port });
    const id = own.queue(code);
    own.made.start();
    await postponed(own, id, 1);
    silent.close();
  });

  test('never goes out in the clear where STARTTLS is required', async () => {
    const server = await mailServer();
    const own = delivery({ port: server.port, security: 'starttls' });
    const id = own.queue(code);
    own.made.start();
    await postponed(own, id, 1);
    assert.equal(server.received.length, 0);
  });

  for (const security of ['starttls', 'tls'] as const) {
    test(`goes out over ${security}, with a login, to a server whose certificate is trusted`, async () => {
      const { keyPem, certificatePem } = await createSelfSignedCertificate({
        names: ['localhost'],
        addresses: ['127.0.0.1'],
        now: Date.now(),
        years: 1,
      });
      const logins: string[] = [];
      const server = await mailServer({
        key: keyPem,
        cert: certificatePem,
        secure: security === 'tls',
        authOptional: false,
        onAuth: ({ username = '', password = '' }, _session, done) => {
          logins.push(`${username}:${password}`);
          done(null, { user: username });
        },
      });
      const secured = { port: server.port, security, username: 'us', password: 'pw' };
      const stranger = delivery(secured);
      const refused = stranger.queue(code);
      stranger.made.start();
      await postponed(stranger, refused, 1);
      assert.deepEqual(logins, [], 'nothing is said to a server that is not trusted');
      const own = delivery({ ...secured, ca: certificatePem });
      const id = own.queue(code);
      own.made.start();
      await settled(own, id);
      assert.deepEqual(logins, ['us:pw']);
      assert.equal(server.received.length, 1);
    });
  }
});

function postponedOrSettled(own: { row: (id: string) => MailRow }, id: string): Promise<boolean> {
  return until(
    async () => (own.row(id).attempts > 0 || own.row(id).settledAt !== null ? true : undefined),
    'an answer of some kind',
  );
}
