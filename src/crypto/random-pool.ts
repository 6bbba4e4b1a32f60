import { randomFillSync } from 'node:crypto';

const blockBytes = 16 * 1024;
let block = Buffer.alloc(0);
let used = 0;

/**
 * Random bytes, up to some hundred. They are cut from a block that is filled from the system's generator at once, which
 * costs a fraction of asking for a few bytes each time, and takes less memory than a buffer of its own for each. No
 * byte is handed out twice.
 */
export function pooledRandomBytes(size: number): Buffer {
  if (used + size > block.length) {
    // A new block rather than the old one anew: what was handed out is still in use.
    block = randomFillSync(Buffer.allocUnsafeSlow(Math.max(blockBytes, size)));
    used = 0;
  }
  used += size;
  return block.subarray(used - size, used);
}
