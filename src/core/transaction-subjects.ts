import type { InputOf } from './store.ts';
import type { Transactions } from './transactions.ts';
import type { GuessSubject } from './transactions/guesses.ts';
import type { RoomReference } from './transactions/memberships.ts';
import type { Destination } from './transactions/messages.ts';

/**
 * What a call must not run beside: other calls with one of the same subjects, or any other call at all.
 *
 * Transaction functions are written as if each ran alone. On SQLite each does; where several nodes write at once, a call
 * holds its subjects from its first read until its commit. So a subject has to be named for whatever a function reads
 * and then relies on, unless a conditional write or a unique index says no in its place. What only reading tells, the
 * function claims (`Transaction.claim`).
 */
export type Subjects = readonly string[] | 'alone';

/** For each transaction function, the subjects of a call. */
export type SubjectsOf<Functions> = {
  readonly [Name in keyof Functions]: (input: InputOf<Functions[Name]>) => Subjects;
};

/** The words for what there is one of for each id. */
export const subject = {
  /** Who is in the room, what is said there and under which number. */
  room: (id: string) => `room ${id}`,
  /** A user's password, sessions, keys, address and place in rooms. */
  user: (id: string) => `user ${id}`,
  session: (id: string) => `session ${id}`,
  /** A code that was mailed. */
  code: (purpose: string, boundTo: string) => `code ${purpose} ${boundTo}`,
  /** How many mails an address got. */
  mailsTo: (emailKey: string) => `mails ${emailKey}`,
  /** Who or what is called by the name. */
  name: (key: string) => `name ${key}`,
  /** The direct room of two, before there is one. */
  pair: (pairKey: string) => `pair ${pairKey}`,
  /** What one says to another: the room of the two is not known beforehand, and its number is taken in one step. */
  direct: (senderId: string, usernameKey: string) => `direct ${senderId} ${usernameKey}`,
  guess: (hash: string) => `guess ${hash}`,
  fact: (name: string) => `fact ${name}`,
} as const;

/** The audit log, whose entries each hold the hash of the one before. */
export const auditSubject = 'audit';

/** What reads or writes so much that it runs by itself; all of it is rare. */
const alone = (): Subjects => 'alone';
/** One conditional write, or rows that nobody else has. */
const nothing = (): Subjects => [];

const ofUser = ({ userId }: { userId: string }): Subjects => [subject.user(userId)];
const ofRoom = ({ room }: { room: RoomReference }): Subjects => [subject.room(room.id)];
const ofSeat = ({ userId, room }: { userId: string; room: RoomReference }): Subjects => [
  subject.user(userId),
  subject.room(room.id),
];
const guessed = (guesses: readonly GuessSubject[]): string[] =>
  guesses.map((guess) => subject.guess(guess.subject));

/** The subjects of every transaction function. */
export const transactionSubjects: SubjectsOf<Transactions> = {
  registerUser: ({ user, place }) => [
    subject.user(user.id),
    ...(user.usernameKey === null ? [] : [subject.name(user.usernameKey)]),
    ...(place === null ? [] : [subject.session(place.session.id)]),
  ],
  loginUser: ({ userId, place, guesses }) => [
    subject.user(userId),
    subject.session(place.session.id),
    ...guessed(guesses),
  ],
  countGuess: ({ subjects }) => guessed(subjects),
  uncountGuess: ({ subjects }) => guessed(subjects),
  changeUsername: ({ userId, usernameKey }) => [subject.user(userId), subject.name(usernameKey)],
  changePassword: ofUser,
  // Claims the account, or a place for none: either way takes as long.
  requestRecovery: ({ sessionId, emailKey }) => [
    subject.code('recovery', sessionId),
    subject.mailsTo(emailKey),
  ],
  spendCodeAttempt: ({ purpose, subject: boundTo }) => [subject.code(purpose, boundTo)],
  confirmRecovery: ({ sessionId }) => [subject.code('recovery', sessionId)],
  finishRecovery: ({ userId, sessionId, place, guesses }) => [
    subject.user(userId),
    subject.code('recovery', sessionId),
    ...(place === null ? [] : [subject.session(place.session.id)]),
    ...guessed(guesses),
  ],
  requestEmailChange: ({ userId, emailKey }) => [
    subject.user(userId),
    subject.code('change_email', userId),
    subject.mailsTo(emailKey),
  ],
  confirmEmailChange: ({ userId }) => [subject.user(userId), subject.code('change_email', userId)],
  addUserKey: ofUser,
  giveFirstKey: ofUser,
  deleteAccount: alone,
  // Claims the rooms that the guest is in: guests come and go too often to stop everybody each time.
  endGuest: ofUser,
  exportAccount: ofUser,
  rotateSessionKey: ({ row }) => [subject.session(row.sessionId)],
  endSession: ({ sessionId }) => [subject.session(sessionId)],
  reserveSequence: nothing,
  touchSessions: () => ['uses of sessions'],
  // Of two for one `idem`, the second finds the first's row in its way.
  keepAnswer: nothing,
  markMailSettled: nothing,
  leaseMail: nothing,
  postponeMail: nothing,
  deleteExpired: () => ['clean-up'],
  keepFact: ({ name }) => [subject.fact(name)],
  makeFirstDataKey: alone,
  makeDefaultRooms: alone,
  createRoom: ({ room, userId }) => [subject.user(userId), subject.room(room.id), subject.name(room.nameKey)],
  joinRoom: ofSeat,
  leaveRoom: ofSeat,
  moderateMember: ({ room }) => [subject.room(room.id), auditSubject],
  sendMessage: ({ userId, to }) => destination(userId, to),
  // Claims the audit log where the message is somebody else's.
  reviseMessage: ofRoom,
  markRead: ofRoom,
  addRooms: alone,
  acceptPending: alone,
  imposeBan: alone,
  liftBan: alone,
  setUserRole: alone,
  noteAction: () => [auditSubject],
  undoLast: alone,
  rotateDataKey: alone,
  reencryptMessages: alone,
  noteAddresses: () => ['seen addresses'],
  keepDirectoryPassword: ofUser,
  createGroup: ({ userId, room, memberIds }) => [
    ...[userId, ...memberIds].map(subject.user),
    subject.room(room.id),
    subject.name(room.nameKey),
  ],
  // Claims the account, or a place for none: either way takes as long.
  requestResetLink: ({ usernameKey }) => [subject.name(usernameKey)],
  // Claim the account that the link is for.
  resetByLink: ({ guesses }) => guessed(guesses),
  requestEmailLink: ({ userId, emailKey }) => [subject.user(userId), subject.mailsTo(emailKey)],
  confirmEmailByLink: nothing,
};

function destination(userId: string, to: Destination): Subjects {
  return to.kind === 'room' ? [subject.room(to.room.id)] : [subject.direct(userId, to.usernameKey)];
}
