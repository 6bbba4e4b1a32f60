import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { CompactEncrypt, compactDecrypt } from 'jose';

/**
 * What the sealed API is measured against: the same answer from a plain Hono route, and from a route that seals with
 * `jose`. The answer and the key come in the environment.
 */
const answer = JSON.parse(process.env['ANSWER'] ?? '{}') as Record<string, unknown>;
const key = Buffer.from(process.env['KEY'] ?? '', 'base64url');
const app = new Hono();

app.get('/plain', (context) => context.json(answer));

app.post('/jose', async (context) => {
  const { payload } = await context.req.json<{ payload: string }>();
  const { protectedHeader } = await compactDecrypt(payload, key);
  const sealed = await new CompactEncrypt(Buffer.from(JSON.stringify(answer)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', re: protectedHeader['seq'], status: 200 })
    .encrypt(key);
  return context.json({ payload: sealed });
});

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  process.stderr.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
