import { createHash } from 'node:crypto';

/** Headers for a page that loads nothing from anywhere and runs no script: its one inline style is let in by its hash. */
export function pageHeaders(page: string): Record<string, string> {
  const inlineStyle = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
  const styleHash = createHash('sha256').update(inlineStyle).digest('base64');
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
}
