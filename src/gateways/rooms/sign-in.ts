import { passwordSecret } from '../../core/accounts/secret.ts';
import { Refusal } from '../../core/errors.ts';
import { readUsername } from '../../core/names/username.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import type { Peer } from '../socket/peer.ts';
import type { Answer } from './commands.ts';
import { enteredObject, errorObject, keptOutObject, okObject, signedInObjects } from './objects.ts';
import type { RequestOf } from './requests.ts';
import { Stay } from './stay.ts';

/** What signing in needs to know. */
export interface Entry {
  readonly peer: Peer;
  readonly parts: GatewayParts;
  /** Ends the conversation, with what waits to be done in it. */
  readonly end: () => void;
}

/** Makes an account, and signs it in. @throws Refusal as `createAccount` */
export async function signUp(entry: Entry, fields: RequestOf<'signup'>): Promise<Answer> {
  const { peer, parts } = entry;
  const { username, password } = fields;
  const secret = passwordSecret(password);
  const proven = await parts.core.createAccount(peer.address, { username, email: null, secret });
  try {
    const { stay, rooms } = await Stay.begin(entry, proven);
    return { objects: [...rooms.map(enteredObject), okObject('signup')], stay };
  } catch (error) {
    const answer = error instanceof Refusal ? keptOutAnswer(error) : null;
    if (answer === null) throw error;
    return answer;
  }
}

/** Signs somebody in, or says what is in the way. @throws Refusal `rate_limited`, `busy` */
export async function signIn(entry: Entry, fields: RequestOf<'signin'>): Promise<Answer> {
  const { peer, parts } = entry;
  const { core, read } = parts;
  const { username, password } = fields;
  try {
    const proven = await core.authenticate(peer.address, { username }, passwordSecret(password));
    const { stay, rooms } = await Stay.begin(entry, proven);
    const all = await read.rooms.listed();
    const names = all.flatMap(({ name }) => name ?? []);
    return { objects: signedInObjects(names, rooms), stay };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const answer = keptOutAnswer(error);
    if (answer !== null) return answer;
    switch (error.code) {
      case 'wrong_credentials':
      case 'invalid_input':
        return { objects: [errorObject('signin', await wrongPart(parts, username))] };
      default:
        throw error;
    }
  }
}

/**
 * Which of the two was wrong. This protocol tells them apart, and tells no more by it than signing up does; the check took
 * the same time for either.
 */
async function wrongPart({ read }: GatewayParts, username: string): Promise<string> {
  const name = readUsername(username);
  const user = name.ok ? await read.users.byUsernameKey(name.key) : null;
  return user === null || user.role === 'guest' ? 'incorrect_username' : 'incorrect_password';
}

/** What somebody is told who is kept out; null where something else was refused. */
function keptOutAnswer({ code, members }: Refusal): Answer | null {
  if (code !== 'kicked' && code !== 'banned') return null;
  const { reason = '', until = null } = members;
  const status = code === 'kicked' ? 'kick' : 'ban';
  return { objects: [keptOutObject({ type: 'signin', status }, until, reason)], closes: true };
}
