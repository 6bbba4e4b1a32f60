import { type AtRestKeys, createAtRestKeys } from '../crypto/at-rest.ts';
import { changePassword, changeUsername } from './transactions/account-changes.ts';
import { deleteAccount, exportAccount } from './transactions/account-end.ts';
import { confirmEmailChange, requestEmailChange } from './transactions/email-change.ts';
import { countGuess, uncountGuess } from './transactions/guesses.ts';
import { loginUser, registerUser } from './transactions/login.ts';
import {
  confirmRecovery,
  finishRecovery,
  requestRecovery,
  spendCodeAttempt,
} from './transactions/recovery.ts';
import { endSession, reserveSequence, rotateSessionKey, touchSessions } from './transactions/sessions.ts';
import { addUserKey, giveFirstKey } from './transactions/user-keys.ts';
import {
  deleteExpired,
  keepAnswerAlone,
  markMailSettled,
  postponeMail,
  putFact,
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
    exportAccount,
    rotateSessionKey: rotateSessionKey(keys),
    endSession: endSession(keys),
    reserveSequence,
    touchSessions,
    keepAnswer: keepAnswerAlone(keys),
    markMailSettled,
    postponeMail,
    deleteExpired,
    putFact,
  };
}

/** The functions by name and type, for `Store<Transactions>`. */
export type Transactions = ReturnType<typeof createTransactions>;
