import { computePreHash, createSalt, createVerifier, verifyPreHash } from '../../crypto/password.ts';
import type { BoundedQueue } from '../bounded-queue.ts';
import type { UserRow } from '../store.ts';

/** A password as it is stored (GATEWAYS.md "One password, every door"). */
export interface StoredPassword {
  readonly salt: Buffer;
  readonly verifier: string;
}

/** Hashing and checking passwords, off the event loop and never more at once than the queue lets through. */
export interface Passwords {
  /** @throws Refusal `busy` when too many wait already */
  store(password: string): Promise<StoredPassword>;
  /**
   * Whether the password is the user's. For nobody (null), and for a user without a password, it does the same
   * work and says no, so that the time tells nothing (DESIGN.md "Rules that hold everywhere", 6).
   *
   * @throws Refusal `busy` when too many wait already
   */
  check(user: Pick<UserRow, 'passwordSalt' | 'passwordVerifier'> | null, password: string): Promise<boolean>;
}

/** @param options.pepper a secret beside the database, so that a stolen copy of it cannot be searched */
export async function createPasswords(options: { pepper: Buffer; queue: BoundedQueue }): Promise<Passwords> {
  const { pepper, queue } = options;
  const nobody = await hash('nobody has this password', pepper);
  return {
    store: (password) => queue.run(() => hash(password, pepper)),
    check: (user, password) =>
      queue.run(async () => {
        const known = user !== null && user.passwordVerifier !== null;
        const salt = known ? user.passwordSalt : nobody.salt;
        const verifier = (known ? user.passwordVerifier : null) ?? nobody.verifier;
        const right = await verifyPreHash(verifier, await computePreHash(password, salt), pepper);
        return right && known;
      }),
  };
}

async function hash(password: string, pepper: Buffer): Promise<StoredPassword> {
  const salt = createSalt();
  return { salt, verifier: await createVerifier(await computePreHash(password, salt), pepper) };
}
