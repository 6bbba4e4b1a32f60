import { Refusal, invalidField } from '../errors.ts';
import { readUsername } from '../names/username.ts';
import type { Reader, UserRow } from '../store.ts';

/** The account of this name. @throws Refusal `user_unknown`, `invalid_input` for what can be nobody's name */
export async function userNamed(read: Pick<Reader, 'users'>, username: string): Promise<UserRow> {
  const name = readUsername(username);
  if (!name.ok) throw invalidField('username', name.problem);
  const user = await read.users.byUsernameKey(name.key);
  if (user === null) throw new Refusal('user_unknown');
  return user;
}
