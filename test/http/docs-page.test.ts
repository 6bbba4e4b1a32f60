import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

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
