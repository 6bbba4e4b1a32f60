import { JsonObjectReader } from '../socket/json-objects.ts';
import { type RequestReading, readRequest } from './requests.ts';

/** What came out of a client's bytes. */
export type Reading =
  | Exclude<RequestReading, { kind: 'unknown' }>
  /** The stream cannot be followed any more. */
  | { readonly kind: 'lost'; readonly problem: string };

/** Reads what a client of the `rooms` kind sends, in pieces of any size. Knows no socket. */
export class RoomsReader {
  private readonly objects = new JsonObjectReader();

  /** Everything that is whole with these bytes, in order; unknown types are left out. */
  consume(bytes: Buffer): Reading[] {
    const readings: Reading[] = [];
    for (const object of this.objects.consume(bytes)) {
      const reading = object.kind === 'lost' ? object : readRequest(object.value);
      if (reading.kind !== 'unknown') readings.push(reading);
    }
    return readings;
  }
}
