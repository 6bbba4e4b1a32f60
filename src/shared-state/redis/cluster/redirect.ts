import { ErrorReply } from '@redis/client';
import { type NodeAddress, nodeAddress, splitAddress } from './slot-map.ts';

/** What to do about a command that a server of a cluster did not take. */
export type Redirect =
  | { readonly kind: 'moved'; readonly to: NodeAddress }
  /** The slot is on its way: this once the other server is asked, with `ASKING` before. */
  | { readonly kind: 'ask'; readonly to: NodeAddress }
  /** Nobody serves it at this moment. */
  | { readonly kind: 'later' };

/** Reads an error of a server. @returns null for one that has nothing to do with the cluster */
export function readRedirect(error: unknown, from: NodeAddress): Redirect | null {
  if (!(error instanceof ErrorReply)) return null;
  const [word, , target] = error.message.split(' ');
  if (word === 'CLUSTERDOWN' || word === 'TRYAGAIN') return { kind: 'later' };
  if ((word !== 'MOVED' && word !== 'ASK') || target === undefined) return null;
  const { host, port } = splitAddress(target);
  return { kind: word === 'MOVED' ? 'moved' : 'ask', to: nodeAddress(host, port, from) };
}
