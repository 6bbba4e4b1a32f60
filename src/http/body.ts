import type { IncomingMessage } from 'node:http';
import { Refusal } from '../core/errors.ts';
import type { HttpContext } from './request.ts';

/** Bytes a request's body may have. */
export const maxBodyBytes = 256 * 1024;

/**
 * Reads the body, counting the bytes that arrive rather than believing a header. How long it may take is up to
 * the listener (`listener.ts`).
 *
 * @throws Refusal `too_large`, `encoding_unsupported`, `payload_malformed` when the client went away half-way
 */
export function readBody(context: HttpContext): Promise<Buffer> {
  const { incoming } = context.env;
  if (incoming === undefined) return readWithoutSocket(context.req.raw);
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return Promise.reject(new Refusal('encoding_unsupported'));
  }
  if (Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) {
    return Promise.reject(new Refusal('too_large'));
  }
  return readStream(incoming);
}

/** Node says `close` of every request that ends, and `error` only where somebody listens for it. */
function readStream(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | null = null;
    let others: Buffer[] | null = null;
    let size = 0;
    let ended = false;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) reject(new Refusal('too_large'));
      else if (first === null) first = chunk;
      else (others ??= []).push(chunk);
    });
    incoming.on('end', () => {
      ended = true;
      resolve(first === null ? Buffer.alloc(0) : others === null ? first : Buffer.concat([first, ...others]));
    });
    incoming.on('close', () => {
      if (!ended) reject(new Refusal('payload_malformed', { detail: 'The body ended early' }));
    });
  });
}

/** For requests that never crossed a socket. */
async function readWithoutSocket(request: Request): Promise<Buffer> {
  const body = Buffer.from(await request.arrayBuffer());
  if (body.length > maxBodyBytes) throw new Refusal('too_large');
  return body;
}
