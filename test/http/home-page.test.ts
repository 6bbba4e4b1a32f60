import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { homePage } from '../../src/http/home-page.ts';
import { startTestServer } from '../support/test-server.ts';

describe('the page at /', () => {
  test('says what the server offers, with nothing loaded from anywhere', async () => {
    const server = await startTestServer();
    const response = await fetch(server.url);
    const page = await response.text();
    assert.equal(response.status, 200);
    assert.match(
      response.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; style-src 'sha256-/,
    );
    assert.match(page, /The sealed API/);
    assert.doesNotMatch(page, /<script|src=|https?:\/\/(?!127\.0\.0\.1)/);
    await server.end();
  });

  test('names each other way in by the host that the reader knows, and lets nothing act', async () => {
    const render = homePage({
      version: '1',
      publicUrl: '',
      ways: () => [{ name: 'frames', url: 'tls://0.0.0.0:7777', how: 'with <script>alert(1)</script>' }],
    });
    const page = await (await render('http://chat.example.org:3000/')).text();
    assert.match(page, /tls:\/\/chat\.example\.org:7777/);
    assert.match(page, /&lt;script&gt;/);
    const behindProxy = homePage({ version: '1', publicUrl: 'https://chat.example.org', ways: () => [] });
    assert.match(await (await behindProxy('http://10.0.0.5:3000/')).text(), /https:\/\/chat\.example\.org/);
  });
});
