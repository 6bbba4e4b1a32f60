import { randomUUID } from 'node:crypto';
import { type AddressRanges, canonicalAddress } from '../core/addresses.ts';
import type { HttpContext } from './request.ts';

/** Names a request in the log and in the answer to a fault. The same request always gets the same name. */
export type RequestId = (context: HttpContext) => string;

const harmless = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Takes the name that a trusted proxy gave in `X-Request-Id`, so that its log and ours can be read side by side, and
 * makes one otherwise: anybody else could use the header to write into the log. Names are made when they are asked
 * for, because most requests are never spoken of.
 */
export function requestIds(trusted: AddressRanges): RequestId {
  return (context) => {
    const known = context.get('requestId');
    if (known !== undefined) return known;
    const id = givenId(context, trusted) ?? randomUUID();
    context.set('requestId', id);
    return id;
  };
}

function givenId({ env: { incoming } }: HttpContext, trusted: AddressRanges): string | null {
  const given = incoming?.headers['x-request-id'];
  if (typeof given !== 'string' || !harmless.test(given)) return null;
  return trusted.includes(canonicalAddress(incoming?.socket.remoteAddress ?? '')) ? given : null;
}
