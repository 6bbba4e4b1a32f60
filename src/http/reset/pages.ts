import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

const style = `
:root { color-scheme: light dark; --edge: #8886; --accent: #1f5fbf; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --accent: #4d8df0; --alarm: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 17px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.25rem; max-width: 30rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input, button { font: inherit; width: 100%; min-height: 3rem; border-radius: 8px; padding: 0.5rem 0.75rem; }
input { border: 1px solid var(--edge); background: Field; color: FieldText; }
input:focus-visible, button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button { margin-top: 1.5rem; border: 0; background: #1f5fbf; color: #fff; font-weight: 600; cursor: pointer; }
.problem { border-left: 4px solid var(--alarm); padding-left: 0.75rem; color: var(--alarm); font-weight: 600; }
.hint { opacity: 0.75; font-size: 0.9rem; }
.word { overflow-wrap: anywhere; font-weight: 600; }
`;

/** As one piece: its hash, in the headers, counts every space. */
const styleElement = `<style>${style}</style>`;

/**
 * What every page is sent with. Nothing is loaded and nothing runs; the address of the page, which holds the token, goes
 * to nobody.
 */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

type Content = HtmlEscapedString | Promise<HtmlEscapedString>;

function page(title: string, content: Content): string {
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${raw(styleElement)}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;
  // Nothing in the template is awaited, so it is text already.
  return text as HtmlEscapedString;
}

/** A page that only says something. */
export function messagePage(title: string, text: string): string {
  return page(title, html`<p>${text}</p>`);
}

/** The form for a new password; the problem with the one before, where there is one. */
export function passwordPage(problem: string | null): string {
  const isInvalid = problem === null ? '' : raw(' aria-invalid="true" aria-describedby="problem"');
  return page(
    'Set a new password',
    html`${problem === null ? '' : html`<p class="problem" role="alert" id="problem">${problem}</p>`}
      <form method="post" autocomplete="on">
        <label for="password">New password</label>
        <input
          type="password"
          name="password"
          id="password"
          autocomplete="new-password"
          required
          autofocus${isInvalid}
        />
        <label for="repeat">The same again</label>
        <input type="password" name="repeat" id="repeat" autocomplete="new-password" required />
        <p class="hint">
          At least 10 characters: three or four words that do not belong together are easy to remember. Your
          name or address in it, or a common password, is not taken.
        </p>
        <button type="submit">Set password</button>
      </form>
      <p class="hint">Everywhere you are logged in you will be logged out.</p>`,
  );
}

/** The button that puts a new address in force; the problem with it, where there is one. */
export function addressPage(email: string, problem: string | null): string {
  return page(
    'Confirm your address',
    html`${problem === null ? '' : html`<p class="problem" role="alert">${problem}</p>`}
      <p>This becomes the address of your account:</p>
      <p class="word">${email}</p>
      <form method="post">
        <button type="submit">Confirm</button>
      </form>`,
  );
}
