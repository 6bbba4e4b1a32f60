import { type Socket, connect } from 'node:net';
import { FramesClient } from '../test/gateways/frames/frames-client.ts';
import { passwordOf } from '../test/support/sealed-client.ts';
import { gatewaysOff } from '../test/support/gateways-off.ts';
import { openWebSocket } from './live.ts';

/** The gateways that hold connections. */
export const kinds = ['chatroom', 'chateau', 'frames', 'rooms'] as const;
export type Kind = (typeof kinds)[number];

/** Ports of the gateways in a run: what is started says only where its API listens. None that the system gives away. */
const ports: Record<Kind, number> = { frames: 17_777, chatroom: 15_555, chateau: 18_888, rooms: 14_000 };

/** What a server is started with whose gateways are measured. */
export const gatewayEnvironment: Record<string, string> = {
  ...gatewaysOff,
  LISTEN_HTTP: 'http://127.0.0.1:0',
  LISTEN_FRAMES: `tls://127.0.0.1:${ports.frames}`,
  LISTEN_CHATROOM: `tcp://127.0.0.1:${ports.chatroom}`,
  LISTEN_CHATEAU: `ws://127.0.0.1:${ports.chateau}/ws`,
  LISTEN_ROOMS: `tcp://127.0.0.1:${ports.rooms}`,
  RSA_BITS: '2048',
  LIMITS: 'off',
};

/** Somebody whose password the accounts of `frames` and `rooms` have, which know no guests. */
export const exemplar = 'frieda';

/** A connection that somebody has logged in on. */
export interface GatewayClient {
  onBytes(take: (bytes: Buffer) => void): void;
  close(): void;
}

/** Connects and logs in with the account of the name; where a gateway knows guests, as one with a name made of it. */
export const logIn: Record<Kind, (name: string) => Promise<GatewayClient>> = {
  chatroom: async (name) => {
    const socket = connect(ports.chatroom, '127.0.0.1');
    socket.write(JSON.stringify({ user: `visitor-${name}`, type: 'guest' }));
    await firstBytes(socket);
    return onSocket(socket);
  },
  chateau: async (name) => {
    const socket = await openWebSocket(`ws://127.0.0.1:${ports.chateau}/ws`);
    const username = `visitor-${name}`;
    socket.send(JSON.stringify({ type: 'RegisterRequest', username, password: '', auth: false }));
    await new Promise<void>((resolve) => socket.once('message', () => resolve()));
    return {
      onBytes: (take) => void socket.on('message', (data) => take(data as Buffer)),
      close: () => socket.terminate(),
    };
  },
  frames: async (name) => {
    const client = await FramesClient.open(`tls://127.0.0.1:${ports.frames}`);
    await client.logIn(name, passwordOf(exemplar));
    client.send('UPD', { reciever: 'Général' });
    // From here on bytes are only looked through: making frames of them would cost more than the server's side.
    client.socket.removeAllListeners('data');
    return onSocket(client.socket);
  },
  rooms: async (name) => {
    const socket = connect(ports.rooms, '127.0.0.1');
    socket.write(JSON.stringify({ type: 'signin', username: name, password: passwordOf(exemplar) }));
    await firstBytes(socket);
    return onSocket(socket);
  },
};

function onSocket(socket: Socket): GatewayClient {
  socket.resume();
  return { onBytes: (take) => void socket.on('data', take), close: () => socket.destroy() };
}

function firstBytes(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => resolve());
  });
}

/** Calls back for each time the words come, also where they come in two pieces. */
export function countWords(client: GatewayClient, words: string, found: () => void): void {
  const sought = Buffer.from(words);
  let tail = Buffer.alloc(0);
  client.onBytes((bytes) => {
    const border = Buffer.concat([tail, bytes.subarray(0, sought.length - 1)]);
    if (border.includes(sought)) found();
    for (let at = bytes.indexOf(sought); at !== -1; at = bytes.indexOf(sought, at + sought.length)) found();
    const kept = bytes.length < sought.length ? border : bytes;
    tail = Buffer.from(kept.subarray(Math.max(0, kept.length - sought.length + 1)));
  });
}
