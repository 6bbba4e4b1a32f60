import type { ChateauAnswer } from './answers.ts';

const finalText = 0x81;
const twoByteLength = 126;
const eightByteLength = 127;

/** A whole WebSocket message as a server sends it (RFC 6455 §5.2): the same bytes for every connection. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerLength = length < twoByteLength ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = finalText;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = twoByteLength;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = eightByteLength;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headerLength);
  return frame;
}

/** An answer as it leaves. `type` and `status` come first, for people who read along. */
export function answerFrame({ type, status, ...rest }: ChateauAnswer): Buffer {
  return textFrame(JSON.stringify({ type, status, ...rest }));
}
