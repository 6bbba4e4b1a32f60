/** Frame types under their numbers. */
export const frameTypes = [
  'ACK',
  'ERR',
  'DIS',
  'MSG',
  'LOG',
  'SES',
  'REG',
  'LIS',
  'FRP',
  'HIS',
  'UPD',
  'CHP',
  'CHM',
  'DEL',
] as const;

export type FrameType = (typeof frameTypes)[number];

/** The members of a frame's data. */
export type FrameData = Readonly<Record<string, unknown>>;

/** What came out of the bytes. */
export type FrameReading =
  | { readonly kind: 'frame'; readonly type: FrameType; readonly data: FrameData }
  /** It cannot be read, but where it ends is known: the stream goes on. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** The stream cannot be followed any more. */
  | { readonly kind: 'lost'; readonly problem: string };

const version = 1;
/**
 * What a request of HTTP begins with. Each would pass for the head of a frame whose data never comes; but none is one that
 * a client may send, or that holds an object.
 */
const httpBeginnings: ReadonlySet<number> = new Set(
  ['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'CONN', 'OPTI', 'TRAC', 'PATC', 'PRI '].map((word) =>
    Buffer.from(word).readUInt32BE(),
  ),
);
const headerBytes = 3;
/** Most bytes of data in one frame: its size is written in 16 bits. */
export const maxDataBytes = 65_535;
/** A buffer is no smaller than this, and shrinks to it when it is empty. */
const leastBuffer = 1024;

/**
 * Cuts frames out of bytes that come in pieces of any size. Knows no socket. After `lost` it reads nothing more.
 *
 * Frames are taken out one by one, so that who works slowly holds bytes and not frames: thousands of empty ones fit
 * into one piece.
 */
export class FrameReader {
  private buffer = Buffer.alloc(0);
  private start = 0;
  private end = 0;
  private isLost = false;

  /** Bytes that wait. */
  get waitingBytes(): number {
    return this.end - this.start;
  }

  /** Takes bytes in. */
  feed(bytes: Buffer): void {
    if (this.isLost) return;
    this.makeRoom(bytes.length);
    bytes.copy(this.buffer, this.end);
    this.end += bytes.length;
  }

  /** The next frame, when it is whole. */
  next(): FrameReading | null {
    const { buffer, start } = this;
    if (this.isLost || this.waitingBytes === 0) return null;
    const [first = 0] = buffer.subarray(start);
    // One byte is enough to see that this is something else, such as TLS.
    if (first >> 6 !== version) return this.lose(`version ${first >> 6} is not spoken here`);
    if (this.waitingBytes < headerBytes) return null;
    if (this.waitingBytes > headerBytes && httpBeginnings.has(buffer.readUInt32BE(start))) {
      return this.lose('HTTP is not spoken here');
    }
    const size = buffer.readUInt16BE(start + 1);
    if (this.waitingBytes < headerBytes + size) return null;
    const reading = readFrame(first & 0x3f, buffer.subarray(start + headerBytes, start + headerBytes + size));
    this.start += headerBytes + size;
    if (this.waitingBytes === 0) this.release();
    return reading;
  }

  private lose(problem: string): FrameReading {
    this.isLost = true;
    this.start = this.end;
    this.release();
    return { kind: 'lost', problem };
  }

  /** Grows to the double, so that a frame that comes byte by byte is not copied for each of them. */
  private makeRoom(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const { waitingBytes } = this;
    const needed = waitingBytes + bytes;
    const isRoomy = needed * 2 <= this.buffer.length;
    const target = isRoomy ? this.buffer : Buffer.alloc(Math.max(leastBuffer, needed, waitingBytes * 2));
    this.buffer.copy(target, 0, this.start, this.end);
    this.buffer = target;
    this.start = 0;
    this.end = waitingBytes;
  }

  private release(): void {
    this.start = 0;
    this.end = 0;
    if (this.buffer.length > leastBuffer) this.buffer = Buffer.alloc(0);
  }
}

/** A frame as it goes out. @throws RangeError when the data does not fit */
export function encodeFrame(type: FrameType, data: FrameData): Buffer {
  return frameOf(type, Buffer.from(JSON.stringify(data)));
}

/** A frame of data that is JSON already. @throws RangeError when it does not fit */
export function frameOf(type: FrameType, json: Buffer): Buffer {
  if (json.length > maxDataBytes) throw new RangeError('a frame holds 65,535 bytes at most');
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8((version << 6) | frameTypes.indexOf(type), 0);
  header.writeUInt16BE(json.length, 1);
  return Buffer.concat([header, json]);
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function readFrame(number: number, bytes: Buffer): FrameReading {
  const type = frameTypes[number];
  if (type === undefined) return { kind: 'refused', problem: `there is no type ${number}` };
  // A type without required fields may come without data.
  if (bytes.length === 0) return { kind: 'frame', type, data: {} };
  try {
    const data: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
      return { kind: 'frame', type, data: data as FrameData };
    }
  } catch {
    // Not JSON, or not UTF-8.
  }
  return { kind: 'refused', problem: 'the data is no JSON object' };
}
