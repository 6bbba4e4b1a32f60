import { computePreHash, createSalt, createVerifier, verifyPreHash } from '../../crypto/password.ts';
import type { BoundedQueue } from '../bounded-queue.ts';
import type { UserRow } from '../store.ts';
import type { Secret } from './secret.ts';

/** A password as it is stored (GATEWAYS.md "One password, every door"). */
export interface StoredPassword {
  readonly salt: Buffer;
  readonly verifier: string;
}

/** Hashing and checking passwords, off the event loop and never more at once than the queue lets through. */
export interface Passwords {
  /**
   * @param salt of 32 bytes, where the client has brought one of its own
   * @throws Refusal `busy` when too many wait already
   */
  store(secret: Secret, salt?: Buffer): Promise<StoredPassword>;
  /**
   * Whether the secret is the user's. For nobody (null), and for a user without a password, it does the same
   * work and says no, so that the time tells nothing (DESIGN.md "Rules that hold everywhere", 6).
   *
   * @throws Refusal `busy` when too many wait already
   */
  check(user: Pick<UserRow, 'passwordSalt' | 'passwordVerifier'> | null, secret: Secret): Promise<boolean>;
}

/** @param options.pepper a secret beside the database, so that a stolen copy of it cannot be searched */
export async function createPasswords(options: { pepper: Buffer; queue: BoundedQueue }): Promise<Passwords> {
  const { pepper, queue } = options;
  const nobody = await hash({ kind: 'password', password: 'nobody has this password' }, createSalt(), pepper);
  return {
    store: (secret, salt = createSalt()) => queue.run(() => hash(secret, salt, pepper)),
    check: (user, secret) =>
      queue.run(async () => {
        const known = user !== null && user.passwordVerifier !== null;
        const salt = known ? user.passwordSalt : nobody.salt;
        const verifier = (known ? user.passwordVerifier : null) ?? nobody.verifier;
        const right = await verifyPreHash(verifier, await preHashOf(secret, salt), pepper);
        return right && known;
      }),
  };
}

async function hash(secret: Secret, salt: Buffer, pepper: Buffer): Promise<StoredPassword> {
  return { salt, verifier: await createVerifier(await preHashOf(secret, salt), pepper) };
}

function preHashOf(secret: Secret, salt: Buffer): Promise<Buffer> | Buffer {
  return secret.kind === 'preHash' ? secret.preHash : computePreHash(secret.password, salt);
}
