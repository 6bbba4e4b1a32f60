import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { errorCatalogue } from '../../src/core/errors.ts';
import { sealedRefusals } from '../../src/http/openapi.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.end());

interface Operation {
  readonly requestBody: {
    content: Record<
      string,
      { schema: { properties: Record<string, { contentSchema?: { properties: object } }> } }
    >;
  };
  readonly responses: Record<string, unknown>;
}

describe('the description of the API', () => {
  test('names every endpoint with its envelope, its inner fields and its refusals', async () => {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, { post: Operation }>;
      components: { schemas: Record<string, unknown> };
    };
    assert.equal(document.openapi, '3.1.0');
    const paths = [
      'create_session_key',
      'register_user',
      'login_user',
      'encrypt/{username}',
      'decrypt',
      'change_username',
      'change_password',
      'forgot_password',
      'confirm_forgot_password',
      'final_forgot_password',
      'rotate_session_key',
      'logout',
      'me',
      'list_sessions',
      'revoke_session',
      'public_key/{username}',
      'rotate_user_key',
      'change_email',
      'confirm_change_email',
      'delete_account',
      'export_account',
    ];
    for (const path of paths) assert.ok(document.paths[`/${path}`]?.post, path);
    const login = document.paths['/login_user']!.post;
    const envelope = login.requestBody.content['application/json']!.schema.properties;
    assert.deepEqual(Object.keys(envelope), ['session_key', 'payload']);
    assert.deepEqual(Object.keys(envelope['payload']?.contentSchema?.properties ?? {}), [
      'email',
      'username',
      'password',
    ]);
    assert.match(JSON.stringify(login.responses['401']), /wrong_credentials/);
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      assert.ok(document.components.schemas[name ?? ''], `${name} is there`);
    }
  });

  test('says of every endpoint what any request may get, and what docs/protocol.md says of it', async () => {
    const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
    };
    const codesOf = (name: string): string[] =>
      Object.values(paths[name]?.['post']?.responses ?? {}).flatMap(({ description }) =>
        codesIn(description),
      );
    const page = readFileSync(path.join(root, 'docs', 'protocol.md'), 'utf8');
    const general = /any sealed request may get those of the general kind:([^.]*)/.exec(page)?.[1] ?? '';
    const ofAll = codesIn(general).filter((code) => code !== 'not_logged_in');
    assert.deepEqual(ofAll.toSorted(), [...sealedRefusals].sort());
    for (const code of ['kicked', 'banned', 'busy', 'request_timeout', 'encoding_unsupported']) {
      assert.ok(codesOf('/create_session_key').includes(code), `${code} at the handshake`);
    }
    for (const name of Object.keys(paths).filter((each) => 'post' in (paths[each] ?? {}))) {
      if (name === '/create_session_key') continue;
      const missing = ofAll.filter((code) => !codesOf(name).includes(code));
      assert.deepEqual(missing, [], `what any request may get, at ${name}`);
    }
    // The table of section 5 is the one that has a column for codes.
    const rows = [...page.matchAll(/^\| `(\/[\w{}/]+)` +\|(?:[^|]*\|){4}([^|]*)\|$/gm)];
    assert.ok(rows.length >= 20);
    for (const [, name = '', codes = ''] of rows) {
      const own = codesOf(name).filter((code) => code !== 'not_logged_in' && !ofAll.includes(code));
      assert.deepEqual(codesIn(codes).sort(), own.sort(), name);
    }
    assert.ok(codesOf('/change_password').includes('forbidden'));
  });

  test('is a page that loads nothing from anywhere and runs nothing', async () => {
    const response = await fetch(`${server.url}/docs`);
    const page = await response.text();
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.doesNotMatch(page, /<script|<img|<link|src=|url\(/);
    assert.match(page, /POST \/register_user/);
    assert.match(page, /payload_rejected/);
  });

  const chromium = findChromium();
  test(
    'is shown by a browser, style and all',
    { skip: chromium === null ? 'there is no chromium' : false },
    async () => {
      const folder = newFolder();
      const script = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${folder}`,
        '--dump-dom',
        `${server.url}/docs`,
      ];
      const { dom, said } = await new Promise<{ dom: string; said: string }>((resolve, reject) => {
        execFile(chromium ?? '', script, { timeout: 60_000 }, (error, stdout, stderr) =>
          error === null ? resolve({ dom: stdout, said: stderr }) : reject(error),
        );
      });
      removeFolder(folder);
      assert.match(dom, /<h1>Letterlock API<\/h1>/);
      assert.match(dom, /POST \/encrypt\/\{username\}/);
      assert.doesNotMatch(said, /Content Security Policy/);
    },
  );
});

/** The codes that a text names. */
function codesIn(text: string): string[] {
  return [...text.matchAll(/`(\w+)`/g)].map(([, code = '']) => code).filter((code) => code in errorCatalogue);
}

function findChromium(): string | null {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one, then.
    }
  }
  return null;
}
