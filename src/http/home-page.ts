import { html, raw } from 'hono/html';
import { pageHeaders } from './page-headers.ts';

/** Another way in than this API. */
export interface Way {
  readonly name: string;
  /** Where it listens, as this machine sees it. */
  readonly url: string;
  /** What a person does to come in by it. */
  readonly how: string;
}

const style = `
:root { color-scheme: light dark; --edge: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 42rem; }
h1 { margin-top: 0; }
code { font: 0.9em/1.5 ui-monospace, monospace; background: var(--soft); border-radius: 4px; padding: 0.1em 0.3em; }
li { margin: 0.75rem 0; }
`;

/** What this server offers and how to come in by each way: for people, on one small page. */
export function homePage(server: {
  readonly version: string;
  readonly publicUrl: string;
  readonly ways: () => readonly Way[];
}) {
  return async (requestUrl: string): Promise<Response> => {
    const asked = new URL(requestUrl);
    const { hostname, origin } = server.publicUrl === '' ? asked : new URL(server.publicUrl);
    const page = await html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>Letterlock</title>
          <style>
            ${raw(style)}
          </style>
        </head>
        <body>
          <h1>Letterlock</h1>
          <p>
            An encrypted messaging server, version ${server.version}. Whoever comes in by one of these ways
            reaches everybody on all.
          </p>
          <ul>
            <li>
              <strong>The sealed API</strong> at <code>${origin}</code>: <a href="/docs">described here</a>,
              for programs in <a href="/openapi.json">openapi.json</a>. With the SDK:
              <code>connect({ url: '${origin}' })</code>
            </li>
            ${server
              .ways()
              .map(
                ({ name, url, how }) =>
                  html`<li>
                    <strong>${name}</strong> at <code>${reachedFrom(url, hostname)}</code>: ${how}
                  </li>`,
              )}
          </ul>
        </body>
      </html>`;
    const text = String(page);
    return new Response(text, { headers: { ...pageHeaders(text), 'Cache-Control': 'no-cache' } });
  };
}

/** A listener on every address, by the name under which the reader has found this one. */
function reachedFrom(url: string, hostname: string): string {
  return url.replace(/\/\/(?:0\.0\.0\.0|\[::\])(?=:)/, () => `//${hostname}`);
}
