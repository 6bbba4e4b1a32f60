import { createHash } from 'node:crypto';

/** A value of a row, as both databases hand it over. */
export type RowValue = string | number | boolean | Buffer | null;

/**
 * A checksum of rows in their order: two chains are the same when every byte of every row was. It can be gone on with
 * from what was written down of it.
 */
export class RowChain {
  private state: { rows: number; hash: Buffer } = { rows: 0, hash: Buffer.alloc(32) };

  /** How many rows are in it. */
  get rows(): number {
    return this.state.rows;
  }

  get hash(): string {
    return this.state.hash.toString('base64');
  }

  add(row: readonly RowValue[]): void {
    const digest = createHash('sha256').update(this.state.hash);
    for (const value of row) {
      const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
      // The kind and the length before the bytes: no two rows look the same.
      digest.update(`${kindOf(value)}${bytes.length}:`).update(bytes);
    }
    this.state = { rows: this.state.rows + 1, hash: digest.digest() };
  }

  /** Whether both have gone through the same rows. */
  equals({ rows, hash }: { readonly rows: number; readonly hash: string }): boolean {
    return this.rows === rows && this.hash === hash;
  }
}

function kindOf(value: RowValue): string {
  if (value === null) return 'null';
  return Buffer.isBuffer(value) ? 'bytes' : typeof value;
}
