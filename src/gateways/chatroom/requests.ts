/** What a client asks for. `user` is the name it says it has. */
export type Request =
  | { readonly type: 'guest' | 'salt' | 'register' | 'disconnect'; readonly user: string }
  | { readonly type: 'login'; readonly user: string; readonly password: string }
  | { readonly type: 'message'; readonly user: string; readonly message: string }
  /** Those online, or those registered who are not. */
  | { readonly type: 'userlist'; readonly user: string; readonly online: boolean }
  | { readonly type: 'typing'; readonly user: string; readonly typing: boolean };

/** No name, in whatever spelling, has more UTF-16 units. */
export const maxNameUnits = 80;

/** The kinds of request. */
export type RequestType = Request['type'];

/** An object as a request; null for an unknown type, and where a field is missing or of another kind. */
export function readRequest(object: Readonly<Record<string, unknown>>): Request | null {
  const { type, user } = object;
  if (typeof user !== 'string') return null;
  switch (type) {
    case 'guest':
    case 'salt':
    case 'register':
    case 'disconnect':
      return { type, user };
    case 'login': {
      const { password } = object;
      return typeof password === 'string' ? { type, user, password } : null;
    }
    case 'message': {
      const { message } = object;
      return typeof message === 'string' ? { type, user, message } : null;
    }
    case 'userlist': {
      const online = readTruth(object['onlinetype']);
      return online === null ? null : { type, user, online };
    }
    case 'typing': {
      const typing = readTruth(object['status']);
      return typing === null ? null : { type, user, typing };
    }
    default:
      return null;
  }
}

/** `"true"`, also as Python writes it, or a real one. */
function readTruth(value: unknown): boolean | null {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === true || word === 'true') return true;
  return word === false || word === 'false' ? false : null;
}
