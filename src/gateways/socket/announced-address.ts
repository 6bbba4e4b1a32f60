import type { Socket } from 'node:net';
import { type AddressRanges, canonicalAddress } from '../../core/addresses.ts';
import type { Timers } from '../../core/clock.ts';
import { readProxyHeader } from './proxy-header.ts';

/** How long a load balancer may take to say whose connection it is; what a client says first comes no sooner. */
const announcementMilliseconds = 30_000;

/**
 * Finds out whose connection it is. A load balancer that is trusted says so in the first bytes, which nobody else gets to
 * see; one that says nothing is taken for the client.
 *
 * @param accept gets the canonical address, before any byte of the client was read: the socket is paused where some have
 *   come already. Not called for a connection that
 *   ended, or whose header is malformed: that one is closed
 */
export function whenAnnounced(
  socket: Socket,
  options: { readonly trusted: AddressRanges; readonly timers: Timers },
  accept: (address: string) => void,
): void {
  const peer = canonicalAddress(socket.remoteAddress ?? '');
  if (!options.trusted.includes(peer)) {
    accept(peer);
    return;
  }
  let received: Buffer = Buffer.alloc(0);
  const giveUp = (): void => {
    socket.destroy();
  };
  const cancelDeadline = options.timers.setTimeout(giveUp, announcementMilliseconds);
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    const header = readProxyHeader(received);
    if (header.kind === 'partial') return;
    leave();
    if (header.kind === 'malformed') {
      socket.destroy();
      return;
    }
    const isSaid = header.kind === 'header';
    const rest = received.subarray(isSaid ? header.length : 0);
    // Nobody listens yet, so what follows has to wait.
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    accept(isSaid ? (header.address ?? peer) : peer);
  };
  const leave = (): void => {
    cancelDeadline();
    socket.off('data', onData);
    socket.off('end', giveUp);
    socket.off('error', giveUp);
    socket.off('close', leave);
  };
  socket.on('data', onData);
  socket.on('end', giveUp);
  socket.on('error', giveUp);
  socket.on('close', leave);
}
