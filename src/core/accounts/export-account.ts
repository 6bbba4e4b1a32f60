import { createPrivateKey } from 'node:crypto';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { UserKeyRow } from '../store.ts';
import { userKeyIdentity } from '../user-keys/key-supply.ts';
import { type Account, accountOf } from './account.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';
import type { SessionView } from './me.ts';

/** Everything kept about a user. Times are milliseconds since 1970. */
export interface AccountExport {
  readonly user: Account;
  readonly sessions: readonly SessionView[];
  readonly keys: readonly {
    readonly kid: string;
    readonly createdAt: number;
    readonly modulus: string;
    /** PEM PKCS#8; null where only the user holds it. */
    readonly privateKey: string | null;
  }[];
  /** A change of address that waits for its code. */
  readonly pendingEmail: string | null;
}

/** @throws Refusal `wrong_credentials`, `rate_limited` */
export function exportAccount(dependencies: PasswordCheckDependencies) {
  const { store, clock, keys } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (caller: Caller, password: string): Promise<AccountExport> => {
    const userId = userIdOf(caller);
    const { passwordVerifier: verifier } = await confirm(userId, caller.address, password);
    const rows = await store.transact('exportAccount', { now: clock.now(), claim: null, userId, verifier });
    return {
      user: accountOf(rows.user),
      sessions: rows.sessions.map((session) => ({
        sessionId: session.id,
        address: session.address,
        client: session.client,
        createdAt: session.createdAt,
        lastUsedAt: session.lastUsedAt,
        current: session.id === caller.key.session.id,
      })),
      keys: rows.userKeys.map((row) => ({
        kid: row.kid,
        createdAt: row.createdAt,
        modulus: row.modulus,
        privateKey: privateKeyPem(keys, row),
      })),
      pendingEmail: rows.emailChange?.email ?? null,
    };
  };
}

function privateKeyPem(keys: AtRestKeys, row: UserKeyRow): string | null {
  if (row.sealedPrivateKey === null) return null;
  const pkcs8 = keys.open(
    'user-key',
    userKeyIdentity(row.userId, row.kid),
    Buffer.from(row.sealedPrivateKey),
  );
  if (pkcs8 === null) throw new Error('a stored private key does not open under the master key');
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  }) as string;
}
