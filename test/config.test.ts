import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { describe, test } from 'node:test';
import { environmentExample, withConfigurationTable } from '../scripts/config-docs.ts';
import { variables } from '../src/config-variables.ts';
import { ConfigError, loadConfig, readEnvironment } from '../src/config.ts';

const root = path.join(import.meta.dirname, '..', '..');

describe('the configuration', () => {
  test('is complete without a single variable', () => {
    const config = loadConfig({});
    assert.deepEqual(config.http, { secure: false, host: '0.0.0.0', port: 3000, path: '' });
    assert.equal(config.mail, null);
    assert.equal(config.sessions.idleSeconds, 3600);
    assert.equal(config.userKeys.bits, 3072);
    assert.equal(config.limits, true);
    assert.equal(config.metrics, null);
    assert.equal(config.shutdown.delaySeconds, 0);
  });

  test('takes the example of every variable', () => {
    for (const { name, example } of variables) {
      const needed = {
        ...(name.startsWith('MAIL_')
          ? { MAIL_USERNAME: 'a', MAIL_PASSWORD: 'b', MAIL_DEFAULT_SENDER: 'a@example.org' }
          : {}),
        ...(name.startsWith('LDAP_')
          ? { LDAP_URL: 'ldap://ldap.example.org', LDAP_BASE_DN: 'dc=example' }
          : {}),
      };
      assert.doesNotThrow(() => loadConfig({ ...needed, [name]: example }), name);
    }
  });

  const wrong: [string, string, RegExp][] = [
    ['LISTEN_HTTP', 'off', /not of the form/],
    ['LISTEN_HTTP', 'http://127.0.0.1:70000', /port above 65535/],
    ['LISTEN_HTTP', 'ftp://127.0.0.1:21', /not of the form/],
    ['LISTEN_METRICS', 'on', /not of the form/],
    ['LISTEN_METRICS', 'http://127.0.0.1:70000', /port above 65535/],
    ['SHUTDOWN_DELAY', '61', /above 60/],
    ['SHUTDOWN_DELAY', '1.5', /whole number/],
    ['DATABASE_URL', 'mysql://x/y', /neither sqlite: nor postgres:/],
    ['DATABASE_URL', 'postgres://x', /names no database/],
    ['DATABASE_URL', 'postgres://x/y?pool=0', /pool that is not between/],
    ['DATABASE_URL', 'postgres://x/y?statement_timeout=1s', /no whole number/],
    ['DATABASE_URL', 'postgres://x/y?pooler=yes', /neither on nor off/],
    ['REDIS_URL', 'http://x', /no redis:/],
    ['REDIS_URL', 'redis://x:port', /no redis:/],
    ['REDIS_URL', 'redis://', /names no host/],
    ['REDIS_URL', 'redis://a,,b/?cluster=on', /names no host/],
    ['REDIS_URL', 'redis://x/name', /no number of a database/],
    ['REDIS_URL', 'redis://x/0?cluster=yes', /not \?cluster=on/],
    ['REDIS_URL', 'redis://x/0#cluster=on', /not \?cluster=on/],
    ['REDIS_URL', 'redis://a:1,b:2', /several hosts/],
    ['REDIS_URL', 'redis://a:1,b:2/3?cluster=on', /has but one/],
    ['MAIL_SERVER', 'mail server', /host name/],
    ['MAIL_PORT', '0', /below 1/],
    ['MAIL_PORT', '25x', /whole number/],
    ['MAIL_USE_TLS', 'yes', /neither on nor off/],
    ['MAIL_DEFAULT_SENDER', 'nobody', /no address/],
    ['MAIL_DEFAULT_SENDER', 'x <a@example.org>\r\nBcc: b@example.org', /no address/],
    ['PUBLIC_URL', 'javascript:alert(1)', /http/],
    ['TRUST_PROXY', '10.0.0.0/33', /neither an address nor a range/],
    ['TRUST_PROXY', 'localhost', /neither an address nor a range/],
    ['SESSION_TTL', '59', /below 60/],
    ['RSA_BITS', '1024', /none of/],
    ['LIMITS', 'maybe', /neither on nor off/],
    ['LISTEN_FRAMES', 'https://0.0.0.0:7777', /not of the form/],
    ['LISTEN_ROOMS', 'tcp://127.0.0.1:4000/x', /not of the form/],
    ['LISTEN_CHATEAU', 'ws://127.0.0.1', /not of the form/],
    ['LDAP_URL', 'http://ldap.example.org', /no ldap/],
    ['CHATROOM_MIN_VERSION', 'new', /no version/],
    ['LOG_LEVEL', 'loud', /none of/],
  ];
  for (const [name, value, expected] of wrong) {
    test(`refuses ${name}=${JSON.stringify(value)} with its name, the problem and an example`, () => {
      assert.throws(
        () => loadConfig({ [name]: value }),
        (error) =>
          error instanceof ConfigError &&
          error.message.includes(`${name}=`) &&
          expected.test(error.message) &&
          error.message.includes(`for example ${name}=`),
      );
    });
  }

  test('names all that is wrong at once', () => {
    assert.throws(() => loadConfig({ RSA_BITS: '1', LOG_LEVEL: 'x' }), /RSA_BITS[\s\S]*LOG_LEVEL/);
  });

  test('refuses mail settings that contradict each other', () => {
    const mail = { MAIL_SERVER: 'mail.example.org', MAIL_DEFAULT_SENDER: 'a@example.org' };
    assert.throws(() => loadConfig({ ...mail, MAIL_USE_TLS: 'on', MAIL_USE_SSL: 'on' }), /both on/);
    assert.throws(() => loadConfig({ MAIL_SERVER: 'mail.example.org' }), /MAIL_DEFAULT_SENDER is missing/);
    assert.throws(() => loadConfig({ ...mail, MAIL_USERNAME: 'a' }), /need each other/);
    assert.equal(loadConfig({ ...mail, MAIL_USE_SSL: 'on' }).mail?.port, 465);
  });

  test('shows a password in no error and no print-out', () => {
    const environment = { MAIL_PASSWORD: 'hunter2hunter2' };
    assert.throws(
      () => loadConfig({ ...environment, RSA_BITS: '1' }),
      (error) => error instanceof ConfigError && !error.message.includes('hunter2'),
    );
    const config = loadConfig({ ...environment, MAIL_USERNAME: 'a' });
    assert.equal(config.secrets.mailPassword?.reveal(), 'hunter2hunter2');
    assert.ok(
      !inspect(config, { depth: 9 }).includes('hunter2') && !JSON.stringify(config).includes('hunter2'),
    );
  });

  test('reads which servers of a Redis Cluster to begin with, and shows their password to nobody', () => {
    const plain = loadConfig({ REDIS_URL: 'rediss://me:hush@x:7/2' }).redis;
    assert.deepEqual([plain?.isCluster, plain?.urls.length], [false, 1]);
    assert.equal(plain?.urls[0]?.reveal(), 'rediss://me:hush@x:7/2');
    const config = loadConfig({ REDIS_URL: 'redis://me:hush@a:7000,b,[::1]:7002/?cluster=on' });
    assert.equal(config.redis?.isCluster, true);
    assert.deepEqual(
      config.redis.urls.map((url) => url.reveal()),
      ['redis://me:hush@a:7000/', 'redis://me:hush@b/', 'redis://me:hush@[::1]:7002/'],
    );
    assert.ok(!inspect(config, { depth: 9 }).includes('hush'));
    for (const wrong of [
      'redis://me:hush@a,b',
      'redis://me:hush@a,b:c/?cluster=on',
      'redis://me:hush@a/?x=1',
    ]) {
      assert.throws(
        () => loadConfig({ REDIS_URL: wrong }),
        (error) => error instanceof ConfigError && !inspect(error).includes('hush'),
      );
    }
  });

  test('reads where a PostgreSQL database is, and shows its password to nobody', () => {
    const address = 'postgresql://letter:hunter2hunter2@db.example.org:6432/lock';
    const config = loadConfig({ DATABASE_URL: `${address}?pool=3&sslmode=verify-full&pooler=on` });
    assert.deepEqual(config.database, {
      kind: 'postgres',
      place: 'lock on db.example.org:6432',
      pool: 3,
      statement: 10_000,
      connect: 2_000,
      pooled: true,
    });
    assert.equal(config.secrets.databaseUrl?.reveal(), `${address}?sslmode=verify-full`);
    assert.ok(!inspect(config, { depth: 9 }).includes('hunter2'));
    for (const wrong of ['?pool=x', '?pooler=1', ':bad']) {
      assert.throws(
        () => loadConfig({ DATABASE_URL: address + wrong, RSA_BITS: '1' }),
        (error) => error instanceof ConfigError && !error.message.includes('hunter2'),
      );
    }
  });

  test('reads a .env file, over which the process has the last word', (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-'));
    context.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, '.env'), 'RSA_BITS=2048\nLOG_LEVEL=warn\n');
    const config = loadConfig(readEnvironment(folder, { LOG_LEVEL: 'error' }));
    assert.equal(config.userKeys.bits, 2048);
    assert.equal(config.log.level, 'error');
  });

  test('stands in the README and in .env.example as the program has it', () => {
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    assert.equal(readme, withConfigurationTable(readme), 'npm run config-docs brings it up to date');
    assert.equal(readFileSync(path.join(root, '.env.example'), 'utf8'), environmentExample());
  });
});
