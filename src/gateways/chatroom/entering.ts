import type { ProvenAccount } from '../../core/accounts/login-mark.ts';
import type { NameHold } from '../../core/accounts/name-holds.ts';
import { type Secret, passwordSecret } from '../../core/accounts/secret.ts';
import { type ErrorCode, Refusal } from '../../core/errors.ts';
import { foldName } from '../../core/names/username.ts';
import { parsePreHash } from '../../crypto/password.ts';
import type { Conversation } from './conversation.ts';
import { goIn } from './going-in.ts';
import { maxNameUnits } from './requests.ts';
import { words } from './words.ts';

/** Wrong passwords on one connection, the last of which closes it. */
const maxWrongPasswords = 5;

/** Lets somebody in without an account. */
export async function enterAsGuest(conversation: Conversation, { user }: { user: string }): Promise<void> {
  const { peer, parts } = conversation;
  const { core, guests } = parts;
  if (conversation.member !== null) return conversation.tell(words.usernameTaken);
  if (!guests) return conversation.tell(...words.loginAnswers(false));
  const entry = await attempt(conversation, () => core.guests.enter(user, peer.address));
  if (!entry.ok) {
    const isTaken = entry.code === 'username_taken';
    return conversation.tell(...(isTaken ? [words.usernameTaken] : words.loginAnswers(false)));
  }
  conversation.takeGuest(entry.value.account.id);
  await goIn(conversation, entry.value);
}

/** Says which salt a password is hashed with: digits, or in hex what is none. */
export async function tellSalt(conversation: Conversation, { user }: { user: string }): Promise<void> {
  // What is longer is nobody's name, and would only take time.
  const name = user.slice(0, maxNameUnits);
  const salt = holdOn(conversation, name)?.salt ?? (await conversation.parts.core.saltOf(name));
  const text = salt.toString('latin1');
  conversation.tell(words.salt(/^\d{32}$/.test(text) ? text : salt.toString('hex')));
}

/** Holds a free name for this connection. */
export async function register(conversation: Conversation, { user }: { user: string }): Promise<void> {
  const { peer, parts, member } = conversation;
  if (member !== null) return conversation.tell(words.usernameRegisterStatus(true));
  conversation.releaseHold();
  const entry = await attempt(conversation, () => parts.core.names.hold(peer.address, user));
  if (entry.ok) conversation.takeHold(entry.value);
  conversation.tell(words.usernameRegisterStatus(!entry.ok));
}

/** Sets the password of a name that is held here, or checks the one of an account. */
export async function logIn(
  conversation: Conversation,
  { user, password }: { user: string; password: string },
): Promise<void> {
  if (conversation.member !== null) return conversation.tell(...words.loginAnswers(false));
  const preHash = parsePreHash(password);
  const secret: Secret = preHash === null ? passwordSecret(password) : { kind: 'preHash', preHash };
  const hold = holdOn(conversation, user);
  if (hold !== null) return setPassword(conversation, hold, secret);
  const { peer, parts } = conversation;
  const entry = await attempt(conversation, () =>
    parts.core.authenticate(peer.address, { username: user }, secret),
  );
  if (entry.ok) await goIn(conversation, entry.value);
  else if (entry.code === 'banned' || entry.code === 'kicked') conversation.end(words.banned);
  else {
    conversation.tell(...words.loginAnswers(false));
    // Of the others nobody has looked at the password.
    if (entry.code === 'wrong_credentials' || entry.code === 'invalid_input')
      conversation.wrongPasswords += 1;
    if (conversation.wrongPasswords >= maxWrongPasswords) conversation.end();
  }
}

async function setPassword(conversation: Conversation, hold: NameHold, secret: Secret): Promise<void> {
  const { peer, parts } = conversation;
  const { core, clock } = parts;
  const { username, salt } = hold;
  const entry = await attempt(conversation, () =>
    core.createAccount(peer.address, { username, email: null, secret, salt, hold }),
  );
  if (entry.ok) {
    core.seen.note(entry.value.account.id, peer.address, clock.now());
    return goIn(conversation, entry.value, words.registerStatus(true, ''));
  }
  if (entry.code === 'username_taken') conversation.releaseHold();
  conversation.tell(words.registerStatus(false, entry.text), ...words.loginAnswers(false));
}

/** What is held here, where it is this name. */
function holdOn({ hold, parts }: Conversation, user: string): NameHold | null {
  if (hold === null || user.length > maxNameUnits || foldName(user) !== hold.key) return null;
  return parts.core.names.isInForce(hold) ? hold : null;
}

type Attempt<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `text` is for people. */
  | { readonly ok: false; readonly code: ErrorCode; readonly text: string };

/** What came of it: who waits for an answer gets one, also where something is wrong here. */
async function attempt<Value extends ProvenAccount | NameHold>(
  { parts }: Conversation,
  work: () => Promise<Value>,
): Promise<Attempt<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof Refusal)) parts.logger.error('an entry failed', { error });
    const refusal = error instanceof Refusal ? error : new Refusal('internal');
    return { ok: false, code: refusal.code, text: refusal.message };
  }
}
