/** base64url without padding (RFC 4648 §5). */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/**
 * Reads base64url strictly: the alphabet and nothing else, no padding, no loose bits in the last character, so that
 * one token has one spelling. Node's own reader skips over whatever it does not know.
 */
export function decodeBase64url(text: string): Buffer | null {
  return /^[\w-]*$/.test(text) && isCanonical(text) ? Buffer.from(text, 'base64url') : null;
}

/** Last characters that leave no bits over, where the text ends after two or three characters of a group of four. */
const endsAfterTwo = 'AQgw';
const endsAfterThree = 'AEIMQUYcgkosw048';

/**
 * Whether a text that is all of the alphabet is spelled in the one way its bytes have. What comes before the end is
 * not looked at.
 */
export function isCanonical(text: string): boolean {
  const { length } = text;
  switch (length % 4) {
    case 0:
      return true;
    case 2:
      return endsAfterTwo.includes(text.charAt(length - 1));
    case 3:
      return endsAfterThree.includes(text.charAt(length - 1));
    default:
      return false;
  }
}
