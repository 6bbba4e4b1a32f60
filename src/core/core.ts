import type { AtRestKeys } from '../crypto/at-rest.ts';
import type { Identity } from '../crypto/identity.ts';
import { confirmEmailChange, requestEmailChange } from './accounts/change-email.ts';
import { changePassword } from './accounts/change-password.ts';
import { changeUsername } from './accounts/change-username.ts';
import { deleteAccount, deleteOwnAccount } from './accounts/delete-account.ts';
import { exportAccount } from './accounts/export-account.ts';
import { isBlocked } from './accounts/account-block.ts';
import { authenticate } from './accounts/authenticate.ts';
import { type Directory, noDirectory } from './accounts/directory.ts';
import { loginThroughDirectory } from './accounts/login-through-directory.ts';
import { createAccount } from './accounts/create-account.ts';
import { Guests } from './accounts/guests.ts';
import { loginMark } from './accounts/login-mark.ts';
import { loginUser } from './accounts/login-user.ts';
import { listSessions, me } from './accounts/me.ts';
import { NameHolds } from './accounts/name-holds.ts';
import type { Passwords } from './accounts/passwords.ts';
import { NameChanges } from './accounts/name-changes.ts';
import { ProfileCache } from './accounts/profile-cache.ts';
import { saltOf } from './accounts/salt-of.ts';
import { sessionsOf } from './accounts/sessions-of.ts';
import { setPassword } from './accounts/set-password.ts';
import { registerUser } from './accounts/register-user.ts';
import type { BoundedQueue } from './bounded-queue.ts';
import type { Clock, Timers } from './clock.ts';
import { newCoreCounts } from './counts.ts';
import { decryptForUser } from './encryption/decrypt-message.ts';
import { encryptForUser } from './encryption/encrypt-for-user.ts';
import type { GuessBlocks } from './limits/guess-blocks.ts';
import { connectionsOfUser, enforcer, type RateLimiter } from './limits/limits.ts';
import { confirmEmailByLink } from './links/confirm-email-by-link.ts';
import { lookAtLink } from './links/look-at-link.ts';
import { requestEmailLink } from './links/request-email-link.ts';
import { requestResetLink } from './links/request-reset-link.ts';
import { resetByLink } from './links/reset-by-link.ts';
import type { Logger } from './logger.ts';
import type { WakeMail } from './mail/mail-delivery.ts';
import type { RandomBytes } from './random.ts';
import { confirmRecoveryCode } from './recovery/confirm-code.ts';
import { finishRecovery, recoverAccount } from './recovery/finish-recovery.ts';
import { forgotPassword } from './recovery/forgot-password.ts';
import { logout, revokeSession } from './sessions/end-session.ts';
import { admitHandshake, openSession, rotateSessionKey } from './sessions/handshake.ts';
import { checkAdmission } from './moderation/admission.ts';
import { BanList } from './moderation/ban-list.ts';
import { KeyRotation } from './moderation/key-rotation.ts';
import { Moderation } from './moderation/moderation.ts';
import { SeenAddresses } from './moderation/seen-addresses.ts';
import { Hub, type HubOptions } from './live/hub.ts';
import { onlineUsernames, someoneOnline } from './live/online-users.ts';
import { planEvents } from './live/open-events.ts';
import { Presence } from './live/presence.ts';
import { takeIn } from './live/take-in.ts';
import { Typing } from './live/typing.ts';
import { onlineHere } from './live/who-is-online.ts';
import { type NodeEffects, type NodeParts, Nodes } from './nodes/nodes.ts';
import { announceMembership } from './rooms/announce.ts';
import { acceptPending, addRooms, pendingRooms } from './rooms/admin-rooms.ts';
import { createGroup } from './rooms/create-group.ts';
import { DataKeys } from './rooms/data-keys.ts';
import { listMessages } from './rooms/history.ts';
import { listUsers } from './rooms/list-users.ts';
import { listMembers, listRooms } from './rooms/listings.ts';
import { recentMessages } from './rooms/recent-messages.ts';
import { createRoom, joinRoom, leaveRoom, moderateMember } from './rooms/membership-operations.ts';
import { markRead, reviseMessage, sendMessage, setTyping } from './rooms/message-operations.ts';
import { assembleSessions } from './sessions/assemble.ts';
import type { SharedSessions } from './sessions/shared-sessions.ts';
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
  /** Where some of the users are known outside; null where there is no such place. */
  readonly directory: Directory | null;
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
  /** What is shared with other nodes, where there are any. */
  readonly nodes?: NodeParts;
  /** What several nodes know of sessions together; null where this is the only node. */
  readonly sharedSessions: SharedSessions | null;
  /** Who is known to have to wait before the next guess. */
  readonly guessBlocks: GuessBlocks;
}

/** Everything the ways in can ask for, each operation made with the few things it needs. */
export type Core = ReturnType<typeof createCore>;

/** Puts core together. Nothing runs yet: `keySupply` and `upkeep` are started by who owns the process. */
export function createCore(parts: CoreParts) {
  const { store, atRest, identity, passwords, clock, timers, random, logger, idle, wakeMail } = parts;
  const { read } = store;
  const counts = newCoreCounts();
  const enforce = enforcer(parts.rateLimiter, clock, counts.limited);
  const dataKeys = new DataKeys(atRest);
  const hubOptions: HubOptions = {
    read,
    logger: logger.child('hub'),
    onPresence: (user, online) => presence.changedTo(user, online),
    onMembers: (roomId) => presence.countChanged(roomId),
  };
  const nodes = nodesOf(parts, hubOptions, dataKeys);
  const board = nodes?.board;
  const hub = nodes?.hub ?? new Hub(hubOptions);
  const online = nodes?.online ?? onlineHere(hub);
  const presence: Presence = new Presence({
    hub: () => hub,
    clock,
    timers,
    ...(nodes === null ? {} : { tellAll: (change, roomIds) => nodes.across.changed(change, roomIds) }),
  });
  const { registry, replayProtection, recheck } = assembleSessions({
    shared: parts.sharedSessions,
    reads: read.sessions,
    reserve: (reservation) => store.transact('reserveSequence', reservation),
    keys: atRest,
    clock,
    timers,
    logger: logger.child('sessions'),
    idle,
    onKeyEnd: (key, userId) => hub.endSessionKey(userId, key.id),
    onEnded: (ended) => board?.publish('control', { kind: 'sessions ended', ended }),
    ...(parts.maxAnonymousSessions === undefined ? {} : { maxAnonymous: parts.maxAnonymousSessions }),
  });
  const profiles = new ProfileCache({
    read,
    onForget: (userId) => board?.publish('control', { kind: 'profile', userId }),
    ...(registry.isShared ? { agingBy: clock } : {}),
  });
  const nameChanges = new NameChanges(() => board?.publish('control', { kind: 'names' }));
  const privateKeys = new PrivateKeyCache({
    keys: atRest,
    onForget: (userId) => board?.publish('control', { kind: 'private keys', userId }),
  });
  const keySupply = new KeySupply({
    generate: parts.generateKeyPair,
    keys: atRest,
    read,
    clock,
    logger: logger.child('user-keys'),
    giveFirstKey: async (row) => {
      const given = await store.transact('giveFirstKey', row);
      if (given) profiles.forget(row.userId);
      return given;
    },
  });
  const seen = new SeenAddresses();
  const bans = new BanList(clock);
  const upkeep = new Upkeep({ store, registry, seen, clock, timers, logger: logger.child('upkeep'), idle });
  const typing = new Typing({ hub, clock, timers });
  const announce = announceMembership(hub, clock);
  const moderation = new Moderation({
    ...{ store, clock, random, hub, bans, profiles, seen, announce },
    ...(board === undefined
      ? {}
      : { tellNodes: (change) => board.publish('control', { kind: 'bans', ...change }) }),
  });
  const keyRotation = new KeyRotation({ store, clock, timers, logger: logger.child('data-keys') });

  const entry = { registry, replayProtection, sessions: read.sessions, profiles, atRest, bans, seen, clock };
  const directory = parts.directory ?? noDirectory;
  const { limitAddresses, guessBlocks } = parts;
  const password = { store, passwords, directory, keys: atRest, clock, limitAddresses, guessBlocks, enforce };
  const names = new NameHolds({ read, clock, enforce, leases: nodes?.leases ?? null });
  const newestKey = { read, keySupply, timers };
  const handshake = { registry, identity, random, clock, idle, enforce, bans, counts };
  const ending = { store, registry, profiles, clock };
  const membership = { store, clock, random, enforce, announce };
  const message = { ...membership, hub, typing };
  const listing = { read, online, clock };
  const creation = {
    store,
    clock,
    passwords,
    keySupply,
    random,
    enforce,
    announce,
    names,
    nameChanges,
  };
  const mailing = { store, random, clock, enforce, wakeMail };
  const deletion = { ...password, registry, profiles, privateKeys, announce, hub, nameChanges };
  const newPassword = { ...password, registry, profiles, random, wakeMail, hub };

  const guests = new Guests({ store, clock, random, announce, enforce, names, keys: atRest });
  const maxConnections = limitAddresses ? connectionsOfUser : Infinity;
  const effects = { moderation, presence, profiles, privateKeys, nameChanges, registry, guests };

  return {
    counts,
    /** What is shared with other nodes; null on a single one. Started once the bans are loaded. */
    nodes: nodes === null ? null : runnable(nodes, effects),
    online,
    registry,
    replayProtection,
    /** Notices what other nodes have ended. */
    sessionRecheck: recheck,
    keySupply,
    upkeep,
    hub,
    presence,
    typing,
    bans,
    seen,
    moderation,
    keyRotation,
    names,
    admitHandshake: admitHandshake({ enforce, bans }),
    openSession: openSession(handshake),
    rotateSessionKey: rotateSessionKey({ ...handshake, store, atRest }),
    logout: logout(ending),
    revokeSession: revokeSession(ending),
    me: me({ profiles, registry, clock, idle }),
    listSessions: listSessions({ profiles, registry, clock, idle }),
    registerUser: registerUser({ ...entry, ...creation }),
    createAccount: createAccount({ ...creation, keys: atRest }),
    authenticate: authenticate({ ...password, bans, seen }),
    saltOf: saltOf({ read, keys: atRest }),
    guests,
    loginUser: loginUser({ ...entry, ...password }),
    changeUsername: changeUsername({ ...password, profiles, hub, names, nameChanges }),
    changePassword: changePassword(newPassword),
    requestEmailChange: requestEmailChange({ ...password, random, wakeMail }),
    confirmEmailChange: confirmEmailChange({ store, clock, atRest, profiles }),
    deleteAccount: deleteAccount(deletion),
    exportAccount: exportAccount({ ...password, dataKeys }),
    forgotPassword: forgotPassword(mailing),
    confirmRecoveryCode: confirmRecoveryCode({ store, atRest, clock }),
    finishRecovery: finishRecovery({ ...entry, hub, store, passwords, random, wakeMail, guessBlocks }),
    encryptForUser: encryptForUser(newestKey),
    decryptForUser: decryptForUser({ read, privateKeys, queue: parts.decryptions, enforce }),
    listPublicKeys: listPublicKeys(newestKey),
    rotateUserKey: rotateUserKey({ ...password, keySupply, profiles, enforce }),
    createRoom: createRoom(membership),
    joinRoom: joinRoom(membership),
    leaveRoom: leaveRoom(membership),
    moderateMember: moderateMember(membership),
    sendMessage: sendMessage(message),
    reviseMessage: reviseMessage(message),
    markRead: markRead(message),
    setTyping: setTyping(message),
    listMessages: listMessages({ read, dataKeys, clock }),
    planEvents: planEvents({ read, clock, enforce, hub, maxConnections }),
    takeIn: takeIn({
      whenBansAreKnown: () => moderation.whenKnown(),
      read,
      keys: atRest,
      bans,
      hub,
      maxConnections,
    }),
    checkAdmission: checkAdmission(bans, seen),
    whenBansAreKnown: () => moderation.whenKnown(),
    listRooms: listRooms(listing),
    listMembers: listMembers(listing),
    listUsers: listUsers(listing),
    recentMessages: recentMessages({ read, dataKeys }),
    addRooms: addRooms({ store, clock, random }),
    acceptPending: acceptPending({ store, clock, announce }),
    pendingRooms: pendingRooms({ store }),
    sessionsOf: sessionsOf({ read, registry, clock, idle }),
    loginThroughDirectory: loginThroughDirectory({ ...password, ...creation, bans, seen, timers }),
    createGroup: createGroup(message),
    onlineUsernames: onlineUsernames({ read, online, random }),
    someoneOnline: someoneOnline({ read, online, random }),
    recoverAccount: recoverAccount({ ...entry, hub, store, passwords, random, wakeMail, guessBlocks }),
    loginMark: loginMark({ read, keys: atRest }),
    isBlocked: isBlocked({ read, keys: atRest, clock }),
    nameChanges,
    setPassword: setPassword(newPassword),
    deleteOwnAccount: deleteOwnAccount(deletion),
    requestResetLink: requestResetLink(mailing),
    requestEmailLink: requestEmailLink(mailing),
    lookAtLink: lookAtLink({ read, keys: atRest, clock }),
    resetByLink: resetByLink({ ...newPassword, keys: atRest }),
    confirmEmailByLink: confirmEmailByLink({ store, keys: atRest, profiles, clock }),
  };
}

function nodesOf(parts: CoreParts, hubOptions: HubOptions, dataKeys: DataKeys): Nodes | null {
  if (parts.nodes === undefined) return null;
  const { clock, timers, logger, atRest } = parts;
  return new Nodes({
    ...hubOptions,
    ...{ node: parts.nodes, keys: atRest, dataKeys, clock, timers },
    logger: logger.child('nodes'),
  });
}

function runnable(nodes: Nodes, effects: NodeEffects) {
  return {
    leases: nodes.leases,
    start: () => nodes.start(effects),
    withdraw: () => nodes.withdraw(),
    stop: () => nodes.stop(),
  };
}
