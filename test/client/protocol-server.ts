import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Accounts, type Outcome, type Place, type ServerUser, done, problem } from './protocol-accounts.ts';
import { ServerStream } from './protocol-events.ts';
import type { Rooms } from './protocol-rooms.ts';
import { answerHandshake, b64, newIdentity, openToken, sealToken } from './protocol-crypto.ts';

/**
 * A server of the sealed API written from PROTOCOL.md alone, which shares no code with the real one and does on request
 * what a real one never does: lose answers, forge them, forget sessions.
 */
export interface ProtocolServer {
  readonly url: string;
  readonly keyId: string;
  readonly log: readonly Served[];
  readonly sessions: Map<string, ServerSession>;
  readonly users: Map<string, ServerUser>;
  readonly rooms: Rooms;
  /** Streams of events, in the order in which they were opened. */
  readonly streams: ServerStream[];
  /** The stream of this number, from 0, once it is open. */
  stream(number: number): Promise<ServerStream>;
  /** What is done with the next requests for a path, in this order. */
  misbehave(path: string, ...misdeeds: Misdeed[]): void;
  /** Another identity key from now on. */
  changeIdentity(): void;
  /** Ends every session, as after a restart that kept none. */
  forgetSessions(): void;
  /** Requests for the path that arrived. */
  count(path: string): number;
  /** The next request for the path is here. */
  arrival(path: string): Promise<unknown>;
  close(): Promise<void>;
}

/** A request that arrived. */
export interface Served {
  readonly path: string;
  readonly seq: number | null;
  readonly idem: string | null;
  readonly sessionKey: string | null;
  readonly userId: string | null;
}

export interface ServerSession {
  readonly key: Buffer;
  readonly enc: string;
  readonly seen: Set<number>;
  /** Shared by all keys of one session. */
  readonly place: Place;
}

export type Misdeed =
  /** The connection breaks before anything is done. */
  | 'drop'
  /** It is done, and the connection breaks. */
  | 'lose the answer'
  /** The same, and every session is forgotten: as when it stops with its memory. */
  | 'lose the answer and the session'
  /** Nothing ever comes. */
  | 'hang'
  /** Waits until the promise is fulfilled, then serves as usual. */
  | { readonly after: Promise<unknown> }
  /** Something on the way sends it twice, and the first answer is lost. */
  | 'twice'
  /** Answers in the clear without doing anything. */
  | { readonly clear: unknown; readonly status: number; readonly headers?: Record<string, string> }
  /** It is done, and answered in the clear with something else. */
  | { readonly doneButClear: unknown; readonly status: number }
  /** Changes the answer's protected header before it is sealed. */
  | { readonly header: Record<string, unknown> }
  /** Seals under another key. */
  | 'forge'
  /** Answers with a sealed text that is no JSON. */
  | 'seal nonsense'
  /** Changes the handshake's answer, after it was signed. */
  | { readonly handshake: Record<string, unknown> };

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

export async function startProtocolServer(): Promise<ProtocolServer> {
  const sessions = new Map<string, ServerSession>();
  const endPlace = (place: Place): void => {
    for (const [id, each] of sessions) if (each.place === place) sessions.delete(id);
  };
  const accounts = new Accounts(endPlace);
  const log: Served[] = [];
  const misdeeds = new Map<string, Misdeed[]>();
  const hanging = new Set<ServerResponse>();
  const arrivals = new EventEmitter();
  const streams: ServerStream[] = [];
  accounts.rooms.onEvent = (event) => {
    for (const stream of streams) if (stream.isOpen) stream.send(event);
  };
  let identity = newIdentity();

  const openSession = (publicKey: unknown, enc: string, place: Place): Record<string, unknown> => {
    const { id, key, answer } = answerHandshake(publicKey, enc, identity);
    sessions.set(id, { key, enc, seen: new Set(), place });
    return answer;
  };

  const rotated = new Map<string, Outcome>();
  const perform = (
    path: string,
    plaintext: string,
    idem: string | undefined,
    { enc, place }: ServerSession,
  ): Outcome => {
    if (path !== '/rotate_session_key') return accounts.performOnce(path, plaintext, idem, place);
    const { public_key: publicKey } = JSON.parse(plaintext) as Record<string, unknown>;
    const outcome = rotated.get(idem ?? '') ?? done(openSession(publicKey, enc, place));
    rotated.set(idem ?? '', outcome);
    return outcome;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    const text = await bodyOf(request);
    const clear = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const misdeed = misdeeds.get(path)?.shift();
    const entry: Writable<Served> = { path, seq: null, idem: null, sessionKey: null, userId: null };
    log.push(entry);
    arrivals.emit(path);
    const is = (kind: string): boolean => misdeed === kind;
    const say = <Kind extends string>(kind: Kind): Extract<Misdeed, Record<Kind, unknown>> | null =>
      typeof misdeed === 'object' && kind in misdeed
        ? (misdeed as Extract<Misdeed, Record<Kind, unknown>>)
        : null;
    await say('after')?.after;
    if (is('hang')) return void hanging.add(response);
    if (is('drop')) return void request.socket.destroy();
    const said = say('clear');
    if (said !== null) return clear(said.status, said.clear, said.headers);
    if (path === '/.well-known/jwks.json') return clear(200, { keys: [identity.jwk] });
    const envelope = JSON.parse(text) as Record<string, string>;
    if (path === '/create_session_key') {
      const place = { id: b64(randomBytes(9)), user: null };
      const answer = openSession(envelope['public_key'], envelope['enc'] ?? 'A256GCM', place);
      if (is('lose the answer')) return void request.socket.destroy();
      return clear(200, { ...answer, ...say('handshake')?.handshake });
    }
    entry.sessionKey = envelope['session_key'] ?? '';
    const session = sessions.get(entry.sessionKey);
    if (session === undefined) return clear(401, problem(401, 'session_unknown').body);
    const opened = openToken(envelope['payload'] ?? '', session);
    const { seq, idem, htu } = opened.header as { seq: number; idem?: string; htu: string };
    entry.seq = seq;
    entry.idem = idem ?? null;
    entry.userId = session.place.user?.id ?? null;
    if (htu !== path) return clear(401, problem(401, 'payload_rejected').body);
    const performNumbered = (): Outcome => {
      if (session.seen.has(seq)) return problem(409, 'replayed', { next_seq: Math.max(...session.seen) + 1 });
      session.seen.add(seq);
      return perform(path, opened.plaintext, idem, session);
    };
    const first = performNumbered();
    const outcome = is('twice') ? performNumbered() : first;
    if (is('lose the answer and the session')) sessions.clear();
    if (is('lose the answer') || is('lose the answer and the session')) return void request.socket.destroy();
    if (path === '/events' && outcome.status === 200) {
      streams.push(new ServerStream(response, session, seq));
      return void arrivals.emit('a stream');
    }
    const instead = say('doneButClear');
    if (instead !== null) return clear(instead.status, instead.doneButClear);
    const header = {
      alg: 'dir',
      enc: session.enc,
      re: seq,
      status: outcome.status,
      ...say('header')?.header,
    };
    const key = is('forge') ? randomBytes(session.key.length) : session.key;
    const plaintext = is('seal nonsense') ? 'nonsense' : JSON.stringify(outcome.body);
    clear(outcome.status, { payload: sealToken(header, plaintext, { enc: session.enc, key }) });
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get keyId() {
      return identity.keyId;
    },
    log,
    sessions,
    users: accounts.users,
    rooms: accounts.rooms,
    streams,
    stream: async (number) => {
      while (streams.length <= number) await once(arrivals, 'a stream');
      return streams[number]!;
    },
    misbehave: (path, ...next) => void misdeeds.set(path, [...(misdeeds.get(path) ?? []), ...next]),
    changeIdentity: () => (identity = newIdentity()),
    forgetSessions: () => sessions.clear(),
    count: (path) => log.filter((served) => served.path === path).length,
    arrival: (path) => once(arrivals, path),
    close: () =>
      new Promise((resolve) => {
        for (const response of hanging) response.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
