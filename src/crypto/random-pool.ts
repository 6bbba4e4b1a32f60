import { randomFillSync } from 'node:crypto';

const poolBytes = 16 * 1024;
const pool = Buffer.allocUnsafeSlow(poolBytes);
let used = poolBytes;

/**
 * Random bytes for an IV. They are taken from a pool that is filled from the system's generator at once, which costs
 * a fraction of asking for twelve bytes each time. No byte is handed out twice.
 */
export function randomIv(size: number): Buffer {
  if (used + size > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  const iv = Buffer.allocUnsafe(size);
  pool.copy(iv, 0, used, used + size);
  used += size;
  return iv;
}
