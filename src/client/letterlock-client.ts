import { LetterlockError } from './errors.ts';
import { followEvents } from './events.ts';
import { Messages, type Request } from './messages.ts';
import type { ClientEvent, EventOptions, UserPage } from './messaging-types.ts';
import { Rooms } from './rooms.ts';
import type { Transport } from './transport.ts';
import type {
  AccountExport,
  CallOptions,
  Credentials,
  Me,
  OwnPublicKey,
  PublicKeyJwk,
  Registration,
  SessionInfo,
  User,
} from './types.ts';

/** A client of one server: a method for each endpoint (docs/protocol.md). All throw `LetterlockError`. */
export class LetterlockClient {
  readonly rooms: Rooms;
  readonly messages: Messages;
  private readonly transport: Transport;

  /** Use `connect`. */
  constructor(transport: Transport) {
    this.transport = transport;
    const request: Request = (...call) => this.request(...call);
    this.rooms = new Rooms(request);
    this.messages = new Messages(request);
  }

  /** Any endpoint by its path: what it answers, unsealed. */
  async request(path: string, fields: object = {}, options: CallOptions = {}): Promise<unknown> {
    return this.transport.send({ path, fields, ...options });
  }

  /** Makes an account and logs this client in. */
  async register(registration: Registration, options?: CallOptions): Promise<User> {
    const { publicKey, ...fields } = registration;
    const key = publicKey === undefined ? {} : { public_key: publicKey };
    return ((await this.request('/register_user', { ...fields, ...key }, options)) as { user: User }).user;
  }

  /** Logs this client in. Where somebody else was, their session ends, and so does what they still waited for. */
  async login(credentials: Credentials, options?: CallOptions): Promise<User> {
    return ((await this.request('/login_user', credentials, options)) as { user: User }).user;
  }

  /** Ends the session; the next call opens another. */
  async logout(options?: CallOptions): Promise<void> {
    await this.request('/logout', {}, options);
  }

  async me(options?: CallOptions): Promise<Me> {
    return ((await this.request('/me', {}, options)) as { user: Me }).user;
  }

  /** Encrypts a text to a user's newest key, on the server: a JWE. */
  async encryptFor(username: string, message: string, options?: CallOptions): Promise<string> {
    const path = `/encrypt/${segment(username)}`;
    return ((await this.request(path, { message }, options)) as { message: string }).message;
  }

  /** Decrypts a message to this user, on the server. For keys held here there is `openMessage`. */
  async decrypt(message: string, options?: CallOptions): Promise<string> {
    return ((await this.request('/decrypt', { message }, options)) as { message: string }).message;
  }

  async changeUsername(
    change: { newUsername: string; password: string },
    options?: CallOptions,
  ): Promise<User> {
    const fields = { new_username: change.newUsername, password: change.password };
    return ((await this.request('/change_username', fields, options)) as { user: User }).user;
  }

  /** Sets another password; every other session of the user ends. */
  async changePassword(
    change: { password: string; newPassword: string },
    options?: CallOptions,
  ): Promise<void> {
    await this.request(
      '/change_password',
      { password: change.password, new_password: change.newPassword },
      options,
    );
  }

  /** First step of recovery: a code goes to the address. Never tells whether anybody has it. */
  async forgotPassword(email: string, options?: CallOptions): Promise<void> {
    await this.request('/forgot_password', { email }, options);
  }

  /** Second step: the code from the mail, in the same session. */
  async confirmForgotPassword(code: string, options?: CallOptions): Promise<void> {
    await this.request('/confirm_forgot_password', { code }, options);
  }

  /** Last step: the new password. Logs this client in. */
  async finishForgotPassword(newPassword: string, options?: CallOptions): Promise<void> {
    await this.request('/final_forgot_password', { new_password: newPassword }, options);
  }

  /** Replaces the session key; the client does so by itself now and then. */
  async rotate(options?: Pick<CallOptions, 'signal'>): Promise<void> {
    await this.transport.rotate(options?.signal);
  }

  async listSessions(options?: CallOptions): Promise<readonly SessionInfo[]> {
    return ((await this.request('/list_sessions', {}, options)) as { sessions: SessionInfo[] }).sessions;
  }

  async revokeSession(sessionId: string, options?: CallOptions): Promise<void> {
    await this.request('/revoke_session', { session_id: sessionId }, options);
  }

  /** A user's public keys, newest first. */
  async publicKeys(username: string, options?: CallOptions): Promise<readonly PublicKeyJwk[]> {
    const path = `/public_key/${segment(username)}`;
    return ((await this.request(path, {}, options)) as { keys: PublicKeyJwk[] }).keys;
  }

  /** A new key pair for the user, made by the server unless a public key is brought along. Returns its id. */
  async rotateUserKey(
    change: { password: string; publicKey?: OwnPublicKey },
    options?: CallOptions,
  ): Promise<string> {
    const key = change.publicKey === undefined ? {} : { public_key: change.publicKey };
    const fields = { password: change.password, ...key };
    return ((await this.request('/rotate_user_key', fields, options)) as { kid: string }).kid;
  }

  /** Sends a code to the new address. */
  async changeEmail(change: { password: string; email: string }, options?: CallOptions): Promise<void> {
    await this.request('/change_email', change, options);
  }

  /** Puts the new address in force. */
  async confirmChangeEmail(code: string, options?: CallOptions): Promise<User> {
    return ((await this.request('/confirm_change_email', { code }, options)) as { user: User }).user;
  }

  /**
   * A page of all users, by name. With `online` it may hold fewer than there are, or nobody: `next` tells the last one.
   *
   * @param query.online only those online, or only those not
   * @param query.after the `next` of the page before
   * @param query.limit 1 to 200. Default 100
   */
  async listUsers(
    query: { readonly online?: boolean; readonly after?: string; readonly limit?: number } = {},
    options?: CallOptions,
  ): Promise<UserPage> {
    return (await this.request('/list_users', query, options)) as UserPage;
  }

  /**
   * Everything that happens in the user's rooms, to be read with `for await`, which may be left at any time.
   *
   * It goes on over broken connections, new session keys and restarts of the server, and misses no message: each comes
   * once and in the order of its room, from the history where need be, and so does each edit and deletion of one that
   * was handed out. It begins with what is said after the first `connected`, unless `since` says otherwise. Presence
   * and typing are passed on as they come; what is true of them now has to be asked for after each `connected`.
   *
   * @throws LetterlockError `kicked` or `banned`, with `reason` and `until` where that was said under a session key and not
   *   at the handshake; `session_unknown` when the user cannot be logged in again; whatever else trying again does not
   *   change; the signal's reason
   */
  events(options: EventOptions = {}): AsyncIterableIterator<ClientEvent, undefined> {
    return followEvents(this.transport, options);
  }

  /** Deletes the account with all its keys and sessions. */
  async deleteAccount(password: string, options?: CallOptions): Promise<void> {
    await this.request('/delete_account', { password }, options);
  }

  async exportAccount(
    password: string,
    options: CallOptions & { after?: NonNullable<AccountExport['next']> } = {},
  ): Promise<AccountExport> {
    const { after, ...rest } = options;
    const fields = after === undefined ? { password } : { password, after };
    return (await this.request('/export_account', fields, rest)) as AccountExport;
  }
}

/** A name as part of a path. @throws LetterlockError for a text that is not well-formed Unicode */
function segment(username: string): string {
  try {
    return encodeURIComponent(username);
  } catch (error) {
    throw new LetterlockError('invalid_input', { errors: { username: 'is no valid text' } }, error);
  }
}
