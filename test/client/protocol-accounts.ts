import { randomBytes } from 'node:crypto';
import { Rooms } from './protocol-rooms.ts';

/** What the endpoints of a server do, as far as a test of the transport needs it. */
export class Accounts {
  readonly users = new Map<string, ServerUser>();
  readonly rooms = new Rooms();
  private readonly kept = new Map<string, { content: string; outcome: Outcome }>();
  private readonly logOut: (place: Place) => void;

  constructor(logOut: (place: Place) => void) {
    this.logOut = logOut;
  }

  /** Performs a request, or gives the first answer again (PROTOCOL.md §2, `idem`). */
  performOnce(path: string, plaintext: string, idem: string | undefined, place: Place): Outcome {
    const fields = JSON.parse(plaintext) as Record<string, string>;
    if (idem === undefined) return this.perform(path, fields, place);
    const content = `${path} ${plaintext}`;
    const user = place.user?.id;
    for (const scope of [user, place.id]) {
      const earlier = this.kept.get(`${scope} ${idem}`);
      if (earlier !== undefined)
        return earlier.content === content ? earlier.outcome : problem(422, 'idem_mismatch');
    }
    const outcome = this.perform(path, fields, place);
    this.kept.set(`${user ?? place.id} ${idem}`, { content, outcome });
    return outcome;
  }

  private perform(path: string, fields: Record<string, string>, place: Place): Outcome {
    const { users } = this;
    if (path === '/register_user') {
      const { username = '', password = '' } = fields;
      if (users.has(username)) return problem(409, 'username_taken');
      const user = { id: randomBytes(9).toString('base64url'), username, password, changes: 0 };
      users.set(username, user);
      return this.enter(user, place);
    }
    if (path === '/login_user') {
      const user = users.get(fields['username'] ?? '');
      if (user === undefined || user.password !== fields['password'])
        return problem(401, 'wrong_credentials');
      return this.enter(user, place);
    }
    if (path === '/forgot_password' || path === '/confirm_forgot_password') return done({});
    if (path === '/final_forgot_password') {
      place.user = [...users.values()][0] ?? null;
      return done({});
    }
    if (path === '/logout') {
      this.logOut(place);
      return done({});
    }
    const { user } = place;
    if (user === null) return problem(401, 'not_logged_in');
    if (path === '/me') return done({ user: { ...shown(user), key_ids: [], sessions: [] } });
    if (path.startsWith('/encrypt/')) return done({ message: `for ${decodeURIComponent(path.slice(9))}` });
    if (path === '/delete_account') {
      users.delete(user.username);
      this.logOut(place);
      return done({});
    }
    if (path === '/rotate_user_key' || path === '/change_something') {
      user.changes += 1;
      return done({ kid: `key ${user.changes}` });
    }
    return this.rooms.perform(path, fields, user) ?? problem(404, 'not_found');
  }

  private enter(user: ServerUser, place: Place): Outcome {
    place.user = user;
    return done({ user: shown(user) });
  }
}

export interface Outcome {
  readonly status: number;
  readonly body: unknown;
}

export interface ServerUser {
  readonly id: string;
  username: string;
  password: string;
  /** How often the account was changed. */
  changes: number;
}

/** A session, whatever its keys. */
export interface Place {
  readonly id: string;
  user: ServerUser | null;
}

export const done = (body: unknown): Outcome => ({ status: 200, body });

export function problem(status: number, code: string, members: Record<string, unknown> = {}): Outcome {
  const type = `urn:letterlock:problem:${code}`;
  return { status, body: { type, title: code, status, detail: code, code, ...members } };
}

function shown({ id, username }: ServerUser): Record<string, unknown> {
  const email = `${username}@example.org`;
  return { id, username, email, created_at: '2026-01-01T00:00:00.000Z', role: 'user' };
}
