/** What somebody sees who opens the gateway's address in a browser. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const securityHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

/** The page at `/`, or what there is in its place. */
export function pageFor(method: string, path: string, webSocketPath: string): Page {
  if (path !== '/' && path !== webSocketPath) return plain(404, 'Nothing here.\n');
  if (method !== 'GET' && method !== 'HEAD') {
    const refused = plain(405, 'Only GET and HEAD.\n');
    return { ...refused, headers: { ...refused.headers, Allow: 'GET, HEAD' } };
  }
  if (path !== '/') {
    const refused = plain(426, 'A WebSocket is served here.\n');
    return { ...refused, headers: { ...refused.headers, Upgrade: 'websocket' } };
  }
  return {
    status: 200,
    headers: { ...securityHeaders, 'Content-Type': 'text/html; charset=utf-8' },
    body: welcome(webSocketPath),
  };
}

function plain(status: number, body: string): Page {
  return { status, headers: { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' }, body };
}

/** The path is of letters, digits and `/ _ . -` alone: the configuration sees to it. */
function welcome(webSocketPath: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Letterlock: chateau</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em}</style>
<h1>Letterlock</h1>
<p>Chat clients of the <em>chateau</em> kind connect here: JSON over a WebSocket at <code>${webSocketPath}</code>.</p>
<p>The first message is <code>{"type":"RegisterRequest","username":"…","password":"…","auth":false}</code>. A free name
is yours as a guest for as long as you stay connected; with the password of an account you are known by its name. With
<code>"auth":true</code> the password is checked by the directory, where this server has one.</p>
</html>
`;
}
