import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type RsaPrivateKey, importRsaPrivateKey } from '../../crypto/rsa-private-key.ts';
import type { UserKeyRow } from '../store.ts';
import { userKeyIdentity } from './key-supply.ts';

/** Private keys that were used lately, imported once: importing costs as much as a decryption. */
export class PrivateKeyCache {
  private readonly keys: AtRestKeys;
  private readonly capacity: number;
  private readonly onForget: (userId: string) => void;
  private readonly imported = new Map<string, RsaPrivateKey>();

  /**
   * @param options.capacity keys kept at most; the one used longest ago goes first. Default 1,000
   * @param options.onForget tells the other nodes, where there are any
   */
  constructor(options: { keys: AtRestKeys; capacity?: number; onForget?: (userId: string) => void }) {
    this.onForget = options.onForget ?? (() => {});
    this.keys = options.keys;
    this.capacity = options.capacity ?? 1_000;
  }

  /** The private key if it was used lately, without a look into the store. */
  held(userId: string, kid: string): RsaPrivateKey | undefined {
    const identity = userKeyIdentity(userId, kid);
    const key = this.imported.get(identity);
    if (key !== undefined) {
      this.imported.delete(identity);
      this.imported.set(identity, key);
    }
    return key;
  }

  /** The private key of a row, or null where only the user holds it. */
  of(row: UserKeyRow): RsaPrivateKey | null {
    if (row.sealedPrivateKey === null) return null;
    const identity = userKeyIdentity(row.userId, row.kid);
    const key = this.held(row.userId, row.kid) ?? this.import(identity, row.sealedPrivateKey);
    this.imported.set(identity, key);
    if (this.imported.size > this.capacity) this.dropOldest();
    return key;
  }

  /** Forgets the user's keys. */
  forgetUser(userId: string): void {
    this.dropUser(userId);
    this.onForget(userId);
  }

  /** Forgets the keys of a user whom another node has deleted. */
  dropUser(userId: string): void {
    for (const identity of this.imported.keys()) {
      if (identity.startsWith(`${userId} `)) this.imported.delete(identity);
    }
  }

  /** Forgets all, where it is not known whose are gone. */
  dropAll(): void {
    this.imported.clear();
  }

  private import(identity: string, sealed: Buffer): RsaPrivateKey {
    const pkcs8 = this.keys.open('user-key', identity, sealed);
    if (pkcs8 === null) throw new Error('a stored private key does not open under the master key');
    return importRsaPrivateKey(pkcs8);
  }

  private dropOldest(): void {
    for (const oldest of this.imported.keys()) {
      this.imported.delete(oldest);
      return;
    }
  }
}
