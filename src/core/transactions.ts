import { type AtRestKeys, createAtRestKeys } from '../crypto/at-rest.ts';
import { DataKeys } from './rooms/data-keys.ts';
import { changePassword, changeUsername, keepDirectoryPassword } from './transactions/account-changes.ts';
import { deleteAccount, endGuest, exportAccount } from './transactions/account-end.ts';
import { acceptPending, addRooms } from './transactions/admin-rooms.ts';
import { imposeBan, liftBan, noteAction, setUserRole } from './transactions/bans.ts';
import { makeFirstDataKey, reencryptMessages, rotateDataKey } from './transactions/data-keys.ts';
import { confirmEmailChange, requestEmailChange } from './transactions/email-change.ts';
import { makeDefaultRooms } from './transactions/first-start.ts';
import { createGroup } from './transactions/groups.ts';
import { countGuess, uncountGuess } from './transactions/guesses.ts';
import { confirmEmailByLink, requestEmailLink, requestResetLink, resetByLink } from './transactions/links.ts';
import { loginUser, registerUser } from './transactions/login.ts';
import {
  confirmRecovery,
  finishRecovery,
  requestRecovery,
  spendCodeAttempt,
} from './transactions/recovery.ts';
import { markRead, reviseMessage, sendMessage } from './transactions/messages.ts';
import { moderateMember } from './transactions/room-moderation.ts';
import { createRoom, joinRoom, leaveRoom } from './transactions/rooms.ts';
import { noteAddresses } from './transactions/seen-addresses.ts';
import { endSession, reserveSequence, rotateSessionKey, touchSessions } from './transactions/sessions.ts';
import { undoLast } from './transactions/undo.ts';
import { addUserKey, giveFirstKey } from './transactions/user-keys.ts';
import {
  deleteExpired,
  keepAnswerAlone,
  leaseMail,
  markMailSettled,
  postponeMail,
  keepFact,
} from './transactions/upkeep.ts';

/** What transaction functions are made with: plain bytes, because on SQLite they run in another thread. */
export interface TransactionEnvironment {
  readonly masterKey: Uint8Array;
}

/**
 * Every way in which the store is changed, by name. A transaction function holds the rules that must be true at
 * the moment of the commit; what is slow (passwords, key pairs, mail servers) happens before or after it.
 */
export function createTransactions(environment: TransactionEnvironment) {
  return transactionsUnder(createAtRestKeys(Buffer.from(environment.masterKey)));
}

function transactionsUnder(keys: AtRestKeys) {
  const dataKeys = new DataKeys(keys);
  return {
    registerUser: registerUser(keys),
    loginUser: loginUser(keys),
    countGuess,
    uncountGuess,
    changeUsername: changeUsername(keys),
    changePassword: changePassword(keys),
    requestRecovery: requestRecovery(keys),
    spendCodeAttempt,
    confirmRecovery: confirmRecovery(keys),
    finishRecovery: finishRecovery(keys),
    requestEmailChange: requestEmailChange(keys),
    confirmEmailChange: confirmEmailChange(keys),
    addUserKey: addUserKey(keys),
    giveFirstKey,
    deleteAccount,
    endGuest,
    exportAccount,
    rotateSessionKey: rotateSessionKey(keys),
    endSession: endSession(keys),
    reserveSequence,
    touchSessions,
    keepAnswer: keepAnswerAlone(keys),
    markMailSettled,
    leaseMail,
    postponeMail,
    deleteExpired,
    keepFact,
    makeFirstDataKey: makeFirstDataKey(keys),
    makeDefaultRooms,
    createRoom: createRoom(keys),
    joinRoom: joinRoom(keys),
    leaveRoom: leaveRoom(keys),
    moderateMember: moderateMember(keys),
    sendMessage: sendMessage(keys, dataKeys),
    reviseMessage: reviseMessage(keys, dataKeys),
    markRead: markRead(keys),
    addRooms: addRooms(keys),
    acceptPending: acceptPending(keys),
    imposeBan: imposeBan(keys),
    liftBan: liftBan(keys),
    setUserRole: setUserRole(keys),
    noteAction: noteAction(keys),
    undoLast: undoLast(keys),
    rotateDataKey: rotateDataKey(keys),
    reencryptMessages: reencryptMessages(dataKeys),
    noteAddresses,
    keepDirectoryPassword,
    createGroup: createGroup(keys, dataKeys),
    requestResetLink: requestResetLink(keys),
    resetByLink: resetByLink(keys),
    requestEmailLink: requestEmailLink(keys),
    confirmEmailByLink,
  };
}

/** The functions by name and type, for `Store<Transactions>`. */
export type Transactions = ReturnType<typeof createTransactions>;
