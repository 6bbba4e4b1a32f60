import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { type AddressRanges, clientAddress } from '../core/addresses.ts';

/** The app's environment: Node's own request where there is a socket. */
export interface HttpEnvironment {
  Bindings: Partial<HttpBindings>;
  /** `requestId` is there once somebody has asked for it. */
  Variables: { requestId: string | undefined };
}

export type HttpContext = Context<HttpEnvironment>;

/** The path as it stood on the wire, without the query. What `htu` is compared with (PROTOCOL.md §2). */
export function pathAsSent(context: HttpContext): string {
  const target = context.env.incoming?.url ?? context.req.url;
  if (!target.startsWith('/')) return new URL(target).pathname;
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/** The last segment of the path, decoded; null where its percent-encoding is broken. */
export function lastSegment(path: string): string | null {
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  } catch {
    return null;
  }
}

/** The client's canonical address, behind the trusted proxies. */
export function addressOf(context: HttpContext, trusted: AddressRanges): string {
  const peer = context.env.incoming?.socket.remoteAddress ?? 'unknown';
  const header = context.env.incoming?.headers['x-forwarded-for'];
  const forwardedFor = Array.isArray(header) ? header.join(',') : header;
  return clientAddress({ peer, forwardedFor, trusted });
}

/** What the client calls itself, without what could act in a terminal or a page. */
export function clientOf(context: HttpContext): string {
  const name = context.env.incoming?.headers['user-agent'] ?? context.req.header('user-agent') ?? '';
  return name.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 120);
}
