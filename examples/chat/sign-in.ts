import { type Credentials, LetterlockError, type LetterlockClient, connect } from './sdk.ts';
import type { Screen } from './screen.ts';
import type { StateFile } from './state-file.ts';

/** Somebody who is in. */
export interface SignedIn {
  readonly client: LetterlockClient;
  readonly username: string;
}

/** Connects and asks who it is, until somebody is in. Null when they give up. @throws LetterlockError */
export async function signIn(url: string, screen: Screen, state: StateFile): Promise<SignedIn | null> {
  const isNew = state.get(url) === null;
  // Kept for as long as the program runs, so that a session that ends is not the end of the evening.
  let credentials: Credentials | null = null;
  const client = await connect({
    url,
    pins: state,
    credentials: () => {
      if (credentials === null) throw new Error('nobody has logged in');
      return credentials;
    },
  });
  if (isNew)
    screen.line({ dim: `This server is new to you. Its identity, ${state.get(url)}, is remembered.` });
  for (;;) {
    const given = await askWho(screen, state.username(url));
    if (given === null) return null;
    try {
      const user = 'email' in given ? await client.register(given) : await client.login(given);
      credentials = { username: user.username, password: given.password };
      state.setUsername(url, user.username);
      return { client, username: user.username };
    } catch (error) {
      if (!(error instanceof LetterlockError) || !mayCorrect.has(error.code)) throw error;
      const fields = Object.entries(error.errors).map(([field, problem]) => `${field}: ${problem}`);
      screen.line(fields.length > 0 ? fields.join('\n') : error.message);
    }
  }
}

/** What another answer to the questions may change. */
const mayCorrect: ReadonlySet<string> = new Set([
  'wrong_credentials',
  'invalid_input',
  'username_taken',
  'email_taken',
  'rate_limited',
]);

type Answers = { username: string; password: string } | { username: string; email: string; password: string };

async function askWho(screen: Screen, lastName: string | null): Promise<Answers | null> {
  const hint = lastName === null ? '' : ` [${lastName}]`;
  const name = await screen.ask(`Name${hint}, or "new" for a new account: `);
  if (name === null) return null;
  if (name.trim() === 'new') return askNew(screen);
  const username = name.trim() || (lastName ?? '');
  if (username === '') return askWho(screen, lastName);
  const password = await screen.askSecret('Password: ');
  return password === null ? null : { username, password };
}

async function askNew(screen: Screen): Promise<Answers | null> {
  const username = await screen.ask('Name: ');
  const email =
    username === null ? null : await screen.ask('Mail address, to get back in when the password is lost: ');
  if (username === null || email === null) return null;
  for (;;) {
    const password = await screen.askSecret('Password, at least 10 characters: ');
    const again = password === null ? null : await screen.askSecret('The same again: ');
    if (password === null || again === null) return null;
    if (password === again) return { username: username.trim(), email: email.trim(), password };
    screen.line('These were not the same.');
  }
}
