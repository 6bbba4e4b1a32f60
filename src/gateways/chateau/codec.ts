import { readJsonObject } from '../socket/json-objects.ts';

/** What a client asks for, in the words of the seed. Members beside these are not looked at. */
export type ChateauRequest =
  | {
      readonly type: 'RegisterRequest';
      readonly username: string;
      readonly password: string;
      readonly auth: boolean;
    }
  | {
      readonly type: 'GroupMessageInitRequest';
      readonly recipients: readonly string[];
      readonly chatname: string;
      /** The first message; null where there is none. */
      readonly content: string | null;
    }
  | { readonly type: 'GroupMessageRequest'; readonly recipient: string; readonly content: string }
  | { readonly type: 'RandomMessageRequest'; readonly content: string }
  | { readonly type: 'ClientListRequest' };

/** What a message turned out to be. */
export type ChateauReading =
  | { readonly kind: 'request'; readonly request: ChateauRequest }
  /** Said only so that something is said. */
  | { readonly kind: 'keep-alive' }
  | { readonly kind: 'unreadable' };

type Members = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<ChateauRequest['type'], (members: Members) => ChateauRequest | null>> = {
  RegisterRequest: ({ username, password = '', auth = false }) =>
    typeof username === 'string' && typeof password === 'string' && typeof auth === 'boolean'
      ? { type: 'RegisterRequest', username, password, auth }
      : null,
  GroupMessageInitRequest: ({ recipients, chatname, content = null }) =>
    isListOfNames(recipients) &&
    typeof chatname === 'string' &&
    (typeof content === 'string' || content === null)
      ? { type: 'GroupMessageInitRequest', recipients, chatname, content: content === '' ? null : content }
      : null,
  GroupMessageRequest: ({ recipient, content }) =>
    typeof recipient === 'string' && typeof content === 'string'
      ? { type: 'GroupMessageRequest', recipient, content }
      : null,
  RandomMessageRequest: ({ content }) =>
    typeof content === 'string' ? { type: 'RandomMessageRequest', content } : null,
  ClientListRequest: () => ({ type: 'ClientListRequest' }),
};

const keepAlive = 'keep alive';

/** Reads the bytes of one text message. */
export function readMessage(bytes: Buffer): ChateauReading {
  if (bytes.length === keepAlive.length && bytes.toString('latin1') === keepAlive)
    return { kind: 'keep-alive' };
  const members = readJsonObject(bytes);
  const type = members?.['type'];
  if (members === null || typeof type !== 'string' || !isKnown(type)) return { kind: 'unreadable' };
  const request = readers[type](members);
  return request === null ? { kind: 'unreadable' } : { kind: 'request', request };
}

function isKnown(type: string): type is ChateauRequest['type'] {
  return Object.hasOwn(readers, type);
}

function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
}
