import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Browser, type Page, chromium } from 'playwright-core';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { emailOf, passwordOf } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { FramesClient } from '../frames/frames-client.ts';
import { linkIn } from './links.ts';

const executablePath = '/usr/bin/chromium';
const skip = existsSync(executablePath) ? false : 'there is no chromium here';
const newPassword = 'correct horse battery staple';

interface Mail {
  readonly text: string;
  readonly html: string;
}

describe('links in mails, in a browser', { skip }, () => {
  const raw: { readonly to: string; readonly source: Buffer }[] = [];
  let smtp: SMTPServer;
  let server: TestServer;
  let browser: Browser;
  before(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          raw.push({ to: envelope.rcptTo[0]?.address ?? '', source: Buffer.concat(chunks) });
          done();
        });
      },
    });
    const listening = smtp.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    server = await startTestServer({
      LISTEN_FRAMES: 'tls://127.0.0.1:0',
      LISTEN_RESET: 'https://127.0.0.1:0',
      MAIL_SERVER: '127.0.0.1',
      MAIL_PORT: String((listening.address() as { port: number }).port),
      MAIL_DEFAULT_SENDER: 'Letterlock <letterlock@example.org>',
    });
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    });
  });
  after(async () => {
    await browser?.close();
    await server?.end();
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  });
  const mailTo = async (address: string, at = 0): Promise<Mail> => {
    const { source } = await until(
      async () => raw.filter(({ to }) => to === address)[at],
      `a mail to ${address}`,
    );
    const { text = '', html = '' } = await PostalMime.parse(source);
    return { text, html };
  };
  /** A page as on a phone, that writes down what it asks for and complains of. */
  const phone = async (): Promise<{
    page: Page;
    asked: string[];
    complaints: string[];
    referrers: string[];
  }> => {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 360, height: 640 },
      isMobile: true,
      hasTouch: true,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const asked: string[] = [];
    const referrers: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      asked.push(`${request.method()} ${new URL(request.url()).pathname}`);
      const { referer } = request.headers();
      if (referer !== undefined) referrers.push(referer);
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    return { page, asked, complaints, referrers };
  };
  const heading = (page: Page): Promise<string | null> => page.textContent('h1');

  test('a forgotten password is set anew, from the mail to the next login', async () => {
    const frames = await FramesClient.seated(server.gatewayUrls['frames']!, 'ada', passwordOf('ada'));
    frames.send('FRP', { login: 'ada' });
    await frames.next('ACK');
    const mail = await mailTo(emailOf('ada'));
    const { url, path, token } = linkIn(mail.text);
    assert.ok(url.startsWith(`${server.gatewayUrls['reset']}/reset/`), 'the link leads to the listener');
    assert.equal(/<a href="([^"]+)"/.exec(mail.html)?.[1], url, 'both parts hold the same link');
    assert.doesNotMatch(mail.html, /src=|url\(|<script/);

    const { page, asked, complaints, referrers } = await phone();
    await page.goto(url);
    assert.equal(await heading(page), 'Set a new password');
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, 'it fits a phone');
    assert.notEqual(
      await page.evaluate('getComputedStyle(document.querySelector("button")).borderRadius'),
      '0px',
      'the policy lets the page have its style',
    );
    const fill = async (password: string, repeat = password): Promise<void> => {
      await page.fill('#password', password);
      await page.fill('#repeat', repeat);
      const loaded = page.waitForEvent('load');
      await page.tap('button');
      await loaded;
    };
    await fill('password123');
    assert.match((await page.textContent('[role=alert]')) ?? '', /too common/);
    assert.equal(await page.inputValue('#password'), '', 'nothing typed comes back');
    await fill(newPassword, 'something else');
    assert.match((await page.textContent('[role=alert]')) ?? '', /not the same/);
    await fill(newPassword);
    assert.equal(await heading(page), 'Your password is set');
    assert.deepEqual(await frames.until('DIS'), { msg: 'You were logged out' });
    assert.match((await mailTo(emailOf('ada'), 1)).text, /password of your account was changed/);

    await page.goto(url);
    assert.equal(await heading(page), 'This link was used already');
    await page.goto(url.replace(token, 'A'.repeat(43)));
    assert.equal(await heading(page), 'There is nothing here');
    assert.deepEqual(complaints, []);
    assert.deepEqual(
      referrers.filter((referrer) => referrer.includes(token)),
      [],
    );
    assert.deepEqual(
      [...new Set(asked)].filter((each) => !each.endsWith('/favicon.ico')).sort(),
      [`GET ${path}`, `GET /reset/${'A'.repeat(43)}`, `POST ${path}`].sort(),
      'nothing else is loaded',
    );
    const back = await FramesClient.open(server.gatewayUrls['frames']!);
    await back.logIn('ada', newPassword);
    back.close();
  });

  test('a new address is confirmed, without scripts', async () => {
    const frames = await FramesClient.seated(server.gatewayUrls['frames']!, 'bert', passwordOf('bert'));
    frames.send('CHM', { email: 'bert@new.example.org' });
    await frames.next('ACK');
    assert.match((await mailTo(emailOf('bert'))).text, /bert@new\.example\.org its address/);
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(linkIn((await mailTo('bert@new.example.org')).text).url);
    assert.equal((await page.textContent('.word'))?.trim(), 'bert@new.example.org');
    const loaded = page.waitForEvent('load');
    await page.click('button');
    await loaded;
    assert.equal(await heading(page), 'Your address is confirmed');
    frames.send('FRP', { login: 'bert' });
    await frames.next('ACK');
    linkIn((await mailTo('bert@new.example.org', 1)).text);
    frames.close();
  });
});
