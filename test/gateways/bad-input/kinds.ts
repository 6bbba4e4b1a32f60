import assert from 'node:assert/strict';
import { ManualClock } from '../../support/manual-clock.ts';
import { passwordOf } from '../../support/sealed-client.ts';
import type { TestServer } from '../../support/test-server.ts';
import { clientFrame, upgradeRequest } from '../chateau/chateau-client.ts';
import { frame } from '../frames/frames-client.ts';
import { VwsClient, goodPassword, registeredVws } from '../vws/vws-client.ts';
import type { Place, Wire } from './wire.ts';

/** How far somebody has come when the bad input comes. */
export const states = ['before login', 'logged in', 'in a conversation'] as const;
export type State = (typeof states)[number];

/** Timers that a test moves, but for those that only set apart what is sent. */
export class PatientTimers extends ManualClock {
  override setTimeout(callback: () => void, milliseconds: number): () => void {
    if (milliseconds > 100) return super.setTimeout(callback, milliseconds);
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  }
}

/** A member of an object as it is written, so that it can be there twice, or be spelled in any way. */
type Members = readonly (readonly [name: string, json: string])[];

/** A gateway as those who mean it ill see it. */
export interface Kind {
  readonly name: string;
  /** Where it is to listen, in the clear or over TLS. */
  readonly listen: (isTls: boolean) => Record<string, string>;
  /** Does once what `arrive` needs. */
  readonly prepare: (server: TestServer) => Promise<void>;
  /** Brings a new connection to the state, as somebody nobody else is. */
  readonly arrive: (wire: Wire, state: State, server: TestServer) => Promise<void>;
  /** An object as this protocol wraps it up. */
  readonly wrap: (json: string) => Buffer;
  /** What is answered in every state, each time, and changes nothing. */
  readonly question: (state: State) => { readonly bytes: Buffer; readonly answer: string };
  /** Says something in Général, once logged in; the member with the text comes last. */
  readonly saying: (text: string, wire: Wire) => Members;
  /** What tells who said something that it was taken. */
  readonly taken: (text: string) => string;
  /** What becomes of an object with members within members, thousands deep. */
  readonly nesting: 'ends' | 'lives';
  /** What begins and never ends. */
  readonly endless: Buffer;
  /** A beginning that says of more bytes than come; null where the protocol has no sizes. */
  readonly lie: Buffer | null;
  /** Whether HTTP is its own language. */
  readonly speaksHttp: boolean;
}

/** The members as an object. */
export function object(members: Members): string {
  return `{${members.map(([name, json]) => `${name}:${json}`).join(',')}}`;
}

const password = passwordOf('visitor');
let visitors = 0;
const names = new WeakMap<Wire, string>();
function nameOn(wire: Wire): string {
  const name = names.get(wire) ?? `visitor${++visitors}`;
  names.set(wire, name);
  return name;
}
const text = (value: string): string => JSON.stringify(value);

export function placeOf(url: string): Place {
  const { port, protocol } = new URL(url);
  return { port: Number(port), isTls: ['tls:', 'wss:', 'https:'].includes(protocol) };
}

/** Where the kind is served. */
export function doorOf(kind: Kind, server: TestServer): Place {
  return placeOf(server.gatewayUrls[kind.name] ?? server.nodes[0]!.url);
}

export const frames: Kind = {
  name: 'frames',
  listen: (isTls) => ({ LISTEN_FRAMES: `${isTls ? 'tls' : 'tcp'}://127.0.0.1:0` }),
  prepare: async ({ core }) => {
    const secret = { kind: 'password', password } as const;
    await core.createAccount('127.0.0.1', { username: 'frames', email: null, secret });
  },
  arrive: async (wire, state) => {
    if (state === 'before login') return;
    wire.write(frame('LOG', { login: 'frames', password }));
    await wire.hears('{"session":');
    await wire.hears('{"users":');
    if (state === 'in a conversation') wire.write(frame('UPD', { reciever: 'Général' }));
  },
  wrap: (json) => frame('MSG', json),
  question: () => ({ bytes: frame('SES', {}), answer: 'SES is not for clients to send' }),
  saying: (said) => [
    ['"reciever"', text('Général')],
    ['"msg"', text(said)],
  ],
  taken: (said) => `: ${said}"`,
  nesting: 'lives',
  endless: Buffer.alloc(0),
  lie: Buffer.from('43fffe7b22', 'hex'),
  speaksHttp: false,
};

export const rooms: Kind = {
  name: 'rooms',
  listen: (isTls) => ({ LISTEN_ROOMS: `${isTls ? 'tls' : 'tcp'}://127.0.0.1:0` }),
  prepare: async ({ core }) => {
    const secret = { kind: 'password', password } as const;
    await core.createAccount('127.0.0.1', { username: 'rooms', email: null, secret });
  },
  arrive: async (wire, state) => {
    if (state === 'before login') return;
    wire.write(JSON.stringify({ type: 'signin', username: 'rooms', password }));
    await wire.hears('"status":"ok"');
    if (state === 'logged in') return;
    wire.write(object(rooms.saying('hello there', wire)));
    await wire.hears('hello there');
  },
  wrap: (json) => Buffer.from(json),
  question: (state) => ({
    bytes: Buffer.from('{"type":"pending_room","room":"-"}'),
    answer: state === 'before login' ? 'not_logged_in' : 'room_does_not_exist',
  }),
  saying: (said) => [
    ['"type"', '"public"'],
    ['"room"', text('Général')],
    ['"message"', text(said)],
  ],
  taken: (said) => `"message":${text(said)}`,
  nesting: 'ends',
  endless: Buffer.from('{"a":"'),
  lie: null,
  speaksHttp: false,
};

export const chatroom: Kind = {
  name: 'chatroom',
  listen: (isTls) => ({ LISTEN_CHATROOM: `${isTls ? 'tls' : 'tcp'}://127.0.0.1:0` }),
  prepare: async () => {},
  arrive: async (wire, state) => {
    if (state === 'before login') return;
    const user = nameOn(wire);
    wire.write(JSON.stringify({ user, type: 'guest' }));
    await wire.hears('"login_status","status":"true"');
    if (state === 'logged in') return;
    wire.write(JSON.stringify({ user, type: 'message', message: `it is ${user}` }));
    await wire.hears(`it is ${user}`);
  },
  wrap: (json) => Buffer.from(json),
  question: () => ({ bytes: Buffer.from('{"user":"nobody","type":"salt"}'), answer: '"type":"salt"' }),
  saying: (said, wire) => [
    ['"user"', text(nameOn(wire))],
    ['"type"', '"message"'],
    ['"message"', text(said)],
  ],
  taken: (said) => `"message":${text(said)}`,
  nesting: 'ends',
  endless: Buffer.from('{"a":"'),
  lie: null,
  speaksHttp: false,
};

export const chateau: Kind = {
  name: 'chateau',
  listen: (isTls) => ({ LISTEN_CHATEAU: `${isTls ? 'wss' : 'ws'}://127.0.0.1:0/ws` }),
  prepare: async () => {},
  arrive: async (wire, state, server) => {
    wire.write(upgradeRequest(server.gatewayUrls['chateau']!));
    await wire.hears('\r\n\r\n');
    if (state === 'before login') return;
    wire.write(clientFrame(Buffer.from(JSON.stringify({ type: 'RegisterRequest', username: nameOn(wire) }))));
    await wire.hears('"RegisterResponse","status":200');
    if (state === 'logged in') return;
    wire.write(chateau.wrap(object(chateau.saying('hello there', wire))));
    await wire.hears('"MessageSendResponse","status":200');
  },
  wrap: (json) => clientFrame(Buffer.from(json)),
  question: () => ({ bytes: clientFrame(Buffer.from('{"type":"none such"}')), answer: '"status":400' }),
  saying: (said) => [
    ['"type"', '"GroupMessageRequest"'],
    ['"recipient"', text('Général')],
    ['"content"', text(said)],
  ],
  taken: () => '"MessageSendResponse","status":200',
  nesting: 'lives',
  endless: Buffer.from('81ff000000000320000000000000', 'hex'),
  lie: Buffer.from('81ff4000000000000000', 'hex'),
  speaksHttp: false,
};

/** A chain of ids has no connection: what is tested is the connection that it goes by, and that it goes on. */
const chains = new WeakMap<TestServer, VwsClient>();

export const vws: Kind = {
  name: 'vws',
  listen: (isTls) => ({ LISTEN_HTTP: `${isTls ? 'https' : 'http'}://127.0.0.1:0`, VWS_COMPAT: 'on' }),
  prepare: async ({ url }) => {
    if (url.startsWith('http:')) await registeredVws(url, 'vera');
  },
  arrive: async (wire, state, server) => {
    if (state === 'before login') return;
    const chain = chains.get(server) ?? (await VwsClient.open(server.url));
    const login = { email: 'vera@example.org', password: goodPassword };
    if (state === 'in a conversation' && !chains.has(server)) await chain.must('/login_user', login);
    chains.set(server, chain);
    const path = state === 'logged in' ? '/login_user' : '/encrypt/vera';
    const fields = state === 'logged in' ? login : { message: 'hello there' };
    wire.write(httpPost(path, JSON.stringify(chain.form(fields))));
    await wire.hears('HTTP/1.1 200');
    await wire.hears('"session_key"');
    await wire.hears('"}');
    const body = /\r\n\r\n(\{.*)$/s.exec(wire.heard)?.[1] ?? '';
    assert.equal(chain.follow({ status: 200, text: body, headers: new Headers() }).error, undefined);
  },
  wrap: (json) => Buffer.from(httpPost('/decrypt', json)),
  question: () => ({ bytes: Buffer.from(httpPost('/decrypt', '{}')), answer: 'payload_malformed' }),
  saying: (said) => [
    ['"session_key"', text('x'.repeat(400))],
    ['"message"', text(said)],
  ],
  taken: () => '"session_key"',
  nesting: 'lives',
  endless: Buffer.from('GET /'),
  lie: Buffer.from('POST /vws/decrypt HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n{"'),
  speaksHttp: true,
};

/** A request as it stands on the wire. */
export function httpPost(path: string, body: string): string {
  const length = Buffer.byteLength(body);
  return `POST /vws${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

export const kinds: readonly Kind[] = [frames, chatroom, chateau, rooms, vws];
