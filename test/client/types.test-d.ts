import type { ErrorCode } from '../../src/core/errors.ts';
import type { LiveEvent } from '../../src/core/live/events.ts';
import type {
  ClientEvent,
  Credentials,
  LetterlockClient,
  LetterlockError,
  Me,
  Message,
  MessageQuery,
  Registration,
  RoomEntry,
  ServerErrorCode,
} from '../../src/client/index.ts';

/** Checked by the compiler alone: what the SDK's types promise, and what they must not allow. */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;
type Not<T extends boolean> = T extends true ? false : true;
type Takes<Method extends keyof LetterlockClient, Value> = LetterlockClient[Method] extends (
  first: never,
) => unknown
  ? Value extends Parameters<LetterlockClient[Method]>[0]
    ? true
    : false
  : false;

type OfRoomChanged<Event> = Extract<Event, { kind: 'room_changed' }>;

export type Checks = [
  Expect<Equal<ServerErrorCode, ErrorCode>>,
  Expect<Equal<Awaited<ReturnType<LetterlockClient['me']>>, Me>>,
  Expect<Equal<Awaited<ReturnType<LetterlockClient['decrypt']>>, string>>,
  Expect<Equal<LetterlockError['retryAfter'], number | null>>,
  Expect<Takes<'login', { email: string; password: string }>>,
  Expect<Takes<'login', { username: string; password: string }>>,
  Expect<Not<Takes<'login', { password: string }>>>,
  Expect<Not<Takes<'login', { username: string }>>>,
  Expect<Not<Takes<'register', { username: string; email: string }>>>,
  Expect<Takes<'register', Registration>>,
  Expect<Not<Takes<'encryptFor', number>>>,
  Expect<Equal<Awaited<ReturnType<LetterlockClient['rooms']['join']>>, RoomEntry>>,
  Expect<Not<MessageQuery extends { room: string } ? true : false>>,
  Expect<{ room: string; afterSeq: 1 } extends MessageQuery ? true : false>,
  Expect<{ with: string } extends MessageQuery ? true : false>,
  Expect<Not<{ afterSeq: 1 } extends MessageQuery ? true : false>>,
  Expect<Equal<Extract<ClientEvent, { kind: 'message' }>['seq'], Message['seq']>>,
  Expect<Equal<Extract<ClientEvent, { kind: 'disconnected' }>['error'], LetterlockError>>,
  Expect<Equal<OfRoomChanged<ClientEvent>['state'], OfRoomChanged<LiveEvent>['state']>>,
  Expect<Equal<OfRoomChanged<ClientEvent>['role'], OfRoomChanged<LiveEvent>['role']>>,
  Expect<Credentials extends { password: string } ? true : false>,
];
