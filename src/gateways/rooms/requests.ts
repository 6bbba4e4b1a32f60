/** What clients of the `rooms` kind send (GATEWAYS.md), with the texts that each has to bring. */
const shapes = {
  signup: ['username', 'password'],
  signin: ['username', 'password'],
  pending_room: ['room'],
  public: ['room', 'message'],
  private: ['to', 'message'],
  disconnect: [],
} as const;

export type RequestType = keyof typeof shapes;

type Requests = {
  [Type in RequestType]: Readonly<Record<(typeof shapes)[Type][number], string>> & {
    /** Whom it says it is from, where it says so. */
    readonly user?: string;
  };
};

/** The texts of a message of one type. */
export type RequestOf<Type extends RequestType> = Requests[Type];

/** A message of one type; by itself, of any. */
export type Request<Type extends RequestType = RequestType> = {
  [Each in Type]: { readonly type: Each; readonly fields: RequestOf<Each> };
}[Type];

/** What an object turned out to be. */
export type RequestReading =
  | ({ readonly kind: 'request' } & Request)
  /** A type that is known, without what it has to bring. */
  | { readonly kind: 'malformed'; readonly type: RequestType }
  /** Nothing that this protocol knows. */
  | { readonly kind: 'unknown' };

/** Reads one object. */
export function readRequest(object: Readonly<Record<string, unknown>>): RequestReading {
  const { type } = object;
  if (typeof type !== 'string' || !isRequestType(type)) return { kind: 'unknown' };
  const fields: Record<string, string> = {};
  for (const name of shapes[type]) {
    const text = object[name];
    if (typeof text !== 'string') return { kind: 'malformed', type };
    fields[name] = text;
  }
  const { user } = object;
  if (user !== undefined && typeof user !== 'string') return { kind: 'malformed', type };
  if (user !== undefined) fields['user'] = user;
  return { kind: 'request', type, fields } as RequestReading;
}

function isRequestType(type: string): type is RequestType {
  return Object.hasOwn(shapes, type);
}
