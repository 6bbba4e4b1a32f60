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

function readStream(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBodyBytes) {
        stop();
        incoming.on('error', () => {});
        reject(new Refusal('too_large'));
      } else {
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => {
      stop();
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    const onGone = (): void => {
      stop();
      reject(new Refusal('payload_malformed', { detail: 'The body ended early' }));
    };
    incoming.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/** For requests that never crossed a socket. */
async function readWithoutSocket(request: Request): Promise<Buffer> {
  const body = Buffer.from(await request.arrayBuffer());
  if (body.length > maxBodyBytes) throw new Refusal('too_large');
  return body;
}
