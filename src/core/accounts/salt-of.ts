import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { foldName } from '../names/username.ts';
import type { Reader } from '../store.ts';

/**
 * The salt that a client has to hash a password with: 32 bytes, as a rule the ASCII of 32 decimal digits (GATEWAYS.md
 * "One password, every door").
 *
 * For a name that nobody has it is made up, always the same and in either form, so that asking for salts tells nobody
 * which names there are.
 */
export function saltOf({ read, keys }: { read: Pick<Reader, 'users'>; keys: AtRestKeys }) {
  return async (username: string): Promise<Buffer> => {
    const key = foldName(username);
    const madeUp = madeUpSalt(keys.hash('made-up-salt', key));
    const user = await read.users.byUsernameKey(key);
    return user === null || user.passwordVerifier === null ? madeUp : user.passwordSalt;
  };
}

/** Clients of one kind bring bytes of their own; the others, and most accounts by far, have digits. */
function madeUpSalt(hash: Buffer): Buffer {
  const [kind = 0] = hash;
  if (kind < 16) return hash;
  let digits = '';
  for (let at = 0; at < 32; at += 4) digits += String(hash.readUInt32BE(at) % 10_000).padStart(4, '0');
  return Buffer.from(digits, 'latin1');
}
