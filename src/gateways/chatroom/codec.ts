import { JsonObjectReader } from '../socket/json-objects.ts';
import { type Request, readRequest } from './requests.ts';

/** What came out of a client's bytes. */
export type Reading =
  | {
      readonly kind: 'object';
      /** Null: nothing that is known; it is ignored. */
      readonly request: Request | null;
      /** What the client says it is; null where it does not. */
      readonly version: string | null;
    }
  /** The stream cannot be followed any more. */
  | { readonly kind: 'lost' };

/** A client's bytes, in pieces of any size, to requests (GATEWAYS.md, `chatroom`). Knows no socket. */
export class ChatroomReader {
  private readonly objects = new JsonObjectReader();

  /** Everything that is whole with these bytes, in order. */
  consume(bytes: Buffer): Reading[] {
    return this.objects.consume(bytes).map((reading) => {
      if (reading.kind === 'lost') return { kind: 'lost' };
      const { value } = reading;
      return { kind: 'object', request: readRequest(value), version: readVersion(value['version']) };
    });
  }
}

function readVersion(version: unknown): string | null {
  return typeof version === 'string' || typeof version === 'number' ? String(version) : null;
}
