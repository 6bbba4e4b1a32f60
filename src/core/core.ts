import type { AtRestKeys } from '../crypto/at-rest.ts';
import type { Identity } from '../crypto/identity.ts';
import { confirmEmailChange, requestEmailChange } from './accounts/change-email.ts';
import { changePassword } from './accounts/change-password.ts';
import { changeUsername } from './accounts/change-username.ts';
import { deleteAccount } from './accounts/delete-account.ts';
import { exportAccount } from './accounts/export-account.ts';
import { loginUser } from './accounts/login-user.ts';
import { listSessions, me } from './accounts/me.ts';
import type { Passwords } from './accounts/passwords.ts';
import { ProfileCache } from './accounts/profile-cache.ts';
import { registerUser } from './accounts/register-user.ts';
import type { BoundedQueue } from './bounded-queue.ts';
import type { Clock, Timers } from './clock.ts';
import { decryptForUser } from './encryption/decrypt-message.ts';
import { encryptForUser } from './encryption/encrypt-for-user.ts';
import { enforcer, type RateLimiter } from './limits/limits.ts';
import type { Logger } from './logger.ts';
import type { WakeMail } from './mail/mail-delivery.ts';
import type { RandomBytes } from './random.ts';
import { confirmRecoveryCode } from './recovery/confirm-code.ts';
import { finishRecovery } from './recovery/finish-recovery.ts';
import { forgotPassword } from './recovery/forgot-password.ts';
import { logout, revokeSession } from './sessions/end-session.ts';
import { openSession, rotateSessionKey } from './sessions/handshake.ts';
import { ReplayProtection } from './sessions/replay-protection.ts';
import { SessionRegistry } from './sessions/session-registry.ts';
import type { Store } from './store.ts';
import type { Transactions } from './transactions.ts';
import { Upkeep } from './upkeep.ts';
import { type KeyPair, KeySupply } from './user-keys/key-supply.ts';
import { PrivateKeyCache } from './user-keys/private-key-cache.ts';
import { listPublicKeys } from './user-keys/public-keys.ts';
import { rotateUserKey } from './user-keys/rotate-user-key.ts';

export interface CoreParts {
  readonly store: Store<Transactions>;
  readonly atRest: AtRestKeys;
  readonly identity: Identity;
  readonly passwords: Passwords;
  /** Makes a user's key pair, off the event loop. */
  readonly generateKeyPair: () => Promise<KeyPair>;
  readonly decryptions: BoundedQueue;
  readonly rateLimiter: RateLimiter;
  /** Whether limits by address and overall are on. */
  readonly limitAddresses: boolean;
  readonly wakeMail: WakeMail;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Idle time of logged-in sessions, milliseconds. */
  readonly idle: number;
  readonly maxAnonymousSessions?: number;
}

/** Everything the ways in can ask for, each operation made with the few things it needs. */
export type Core = ReturnType<typeof createCore>;

/** Puts core together. Nothing runs yet: `keySupply` and `upkeep` are started by who owns the process. */
export function createCore(parts: CoreParts) {
  const { store, atRest, identity, passwords, clock, timers, random, logger, idle, wakeMail } = parts;
  const { read } = store;
  const enforce = enforcer(parts.rateLimiter, clock);
  const registry = new SessionRegistry({
    reads: read.sessions,
    keys: atRest,
    clock,
    idle,
    ...(parts.maxAnonymousSessions === undefined ? {} : { maxAnonymous: parts.maxAnonymousSessions }),
  });
  const replayProtection = new ReplayProtection({
    reserve: (reservation) => store.transact('reserveSequence', reservation),
    logger: logger.child('sessions'),
  });
  const profiles = new ProfileCache({ read });
  const privateKeys = new PrivateKeyCache({ keys: atRest });
  const keySupply = new KeySupply({
    generate: parts.generateKeyPair,
    keys: atRest,
    read,
    clock,
    logger: logger.child('user-keys'),
    giveFirstKey: (row) => store.transact('giveFirstKey', row),
  });
  const upkeep = new Upkeep({ store, registry, clock, timers, logger: logger.child('upkeep'), idle });

  const entry = { registry, replayProtection, sessions: read.sessions, profiles, atRest };
  const password = { store, passwords, keys: atRest, clock, limitAddresses: parts.limitAddresses, enforce };
  const newestKey = { read, keySupply, timers };
  const handshake = { registry, identity, random, clock, idle, enforce };
  const ending = { store, registry, profiles, clock };

  return {
    registry,
    replayProtection,
    keySupply,
    upkeep,
    openSession: openSession(handshake),
    rotateSessionKey: rotateSessionKey({ ...handshake, store, atRest }),
    logout: logout(ending),
    revokeSession: revokeSession(ending),
    me: me({ profiles, registry, clock, idle }),
    listSessions: listSessions({ profiles, registry, clock, idle }),
    registerUser: registerUser({ ...entry, store, passwords, keySupply, random, clock, enforce }),
    loginUser: loginUser({ ...entry, ...password, enforce }),
    changeUsername: changeUsername({ ...password, profiles }),
    changePassword: changePassword({ ...password, registry, profiles, random, wakeMail }),
    requestEmailChange: requestEmailChange({ ...password, random, wakeMail }),
    confirmEmailChange: confirmEmailChange({ store, clock, atRest, profiles }),
    deleteAccount: deleteAccount({ ...password, registry, profiles, privateKeys }),
    exportAccount: exportAccount(password),
    forgotPassword: forgotPassword({ store, random, clock, enforce, wakeMail }),
    confirmRecoveryCode: confirmRecoveryCode({ store, atRest, clock }),
    finishRecovery: finishRecovery({ ...entry, store, passwords, random, clock, wakeMail }),
    encryptForUser: encryptForUser(newestKey),
    decryptForUser: decryptForUser({ read, privateKeys, queue: parts.decryptions, enforce }),
    listPublicKeys: listPublicKeys(newestKey),
    rotateUserKey: rotateUserKey({ ...password, keySupply, profiles, enforce }),
  };
}
