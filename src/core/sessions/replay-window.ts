/** Numbers in a word. */
const wordBits = 32;
/** A power of two, so that a place in the ring is the low bits of a word's number. */
const words = 64;

/**
 * Which sequence numbers were seen: a sliding window as IPsec's and DTLS's (RFC 6479: a ring of words, of which those
 * that come into use again are cleared first). Numbers below the window count as seen.
 *
 * It moves by whole words, and the word of the highest number is partly ahead of it: at least 2016 numbers behind the
 * highest are told apart (PROTOCOL.md §2 asks for 1024).
 */
export class ReplayWindow {
  private highestSeen: number;
  /** Everything up to here was seen before the window was made. */
  private readonly floor: number;
  /** Made at the first use: a session that nobody uses stays small. */
  private ring: Uint32Array | null = null;

  /** @param seenUpTo every number up to this one counts as seen, from 0 to 2^53-1 */
  constructor(seenUpTo = 0) {
    this.highestSeen = seenUpTo;
    this.floor = seenUpTo;
  }

  /** The highest number seen. */
  get highest(): number {
    return this.highestSeen;
  }

  /** Whether the number is fresh: an integer from 1 to 2^53-1 that was not seen. Changes nothing. */
  check(seq: number): boolean {
    if (seq <= this.floor || !Number.isSafeInteger(seq)) return false;
    if (seq > this.highestSeen) return true;
    if (wordOf(this.highestSeen) - wordOf(seq) >= words) return false;
    return ((this.ring?.[placeOf(wordOf(seq))] ?? 0) & bitOf(seq)) === 0;
  }

  /** Marks the number as seen; false when it was already, or is too old to tell. */
  testAndSet(seq: number): boolean {
    if (!this.check(seq)) return false;
    const ring = (this.ring ??= new Uint32Array(words));
    if (seq > this.highestSeen) {
      clearForUse(ring, wordOf(this.highestSeen), wordOf(seq));
      this.highestSeen = seq;
    }
    const place = placeOf(wordOf(seq));
    ring[place] = (ring[place] ?? 0) | bitOf(seq);
    return true;
  }
}

/** The words after `from` up to and with `to` are used again for higher numbers. */
function clearForUse(ring: Uint32Array, from: number, to: number): void {
  if (to - from >= words) ring.fill(0);
  else for (let word = from + 1; word <= to; word++) ring[placeOf(word)] = 0;
}

/** The number of the word that a sequence number is in: up to 2^48, so no operator on bits may make it. */
function wordOf(seq: number): number {
  return Math.floor(seq / wordBits);
}

// `&` and `<<` look at a number modulo 2^32, whatever its size: just what is wanted of these two.
function placeOf(word: number): number {
  return word & (words - 1);
}

function bitOf(seq: number): number {
  return 1 << (seq & (wordBits - 1));
}
