import { LetterlockError } from './errors.ts';
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
  private readonly transport: Transport;

  /** Use `connect`. */
  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Any endpoint by its path: what it answers, unsealed. */
  async request(
    path: string,
    fields: object = {},
    options: CallOptions & { changes?: boolean } = {},
  ): Promise<unknown> {
    const { changes = options.idem !== undefined, ...rest } = options;
    return this.transport.send({ path, fields, changes, ...rest });
  }

  /** Makes an account and logs this client in. */
  async register(registration: Registration, options?: CallOptions): Promise<User> {
    const { publicKey, ...fields } = registration;
    const key = publicKey === undefined ? {} : { public_key: publicKey };
    return this.entering('/register_user', { ...fields, ...key }, options);
  }

  /** Logs this client in. */
  async login(credentials: Credentials, options?: CallOptions): Promise<User> {
    return this.entering('/login_user', credentials, options);
  }

  /** Ends the session; the next call opens another. */
  async logout(): Promise<void> {
    await this.change('/logout', {}).catch((error: unknown) => {
      // It ended before: that is what was asked for.
      if (!(error instanceof LetterlockError && error.code === 'session_unknown')) throw error;
    });
    this.transport.forgetSession();
  }

  async me(options?: CallOptions): Promise<Me> {
    return ((await this.request('/me', {}, options)) as { user: Me }).user;
  }

  /** Encrypts a text to a user's newest key, on the server: a JWE. */
  async encryptFor(username: string, message: string, options?: CallOptions): Promise<string> {
    const path = `/encrypt/${encodeURIComponent(username)}`;
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
    return ((await this.change('/change_username', fields, options)) as { user: User }).user;
  }

  /** Sets another password; every other session of the user ends. */
  async changePassword(
    change: { password: string; newPassword: string },
    options?: CallOptions,
  ): Promise<void> {
    await this.change(
      '/change_password',
      { password: change.password, new_password: change.newPassword },
      options,
    );
  }

  /** First step of recovery: a code goes to the address. Never tells whether anybody has it. */
  async forgotPassword(email: string, options?: CallOptions): Promise<void> {
    await this.change('/forgot_password', { email }, options);
  }

  /** Second step: the code from the mail, in the same session. */
  async confirmForgotPassword(code: string, options?: CallOptions): Promise<void> {
    await this.change('/confirm_forgot_password', { code }, options);
  }

  /** Last step: the new password. Logs this client in. */
  async finishForgotPassword(newPassword: string, options?: CallOptions): Promise<void> {
    await this.change('/final_forgot_password', { new_password: newPassword }, options);
    this.transport.setLoggedIn(true);
  }

  /** Replaces the session key; the client does so by itself now and then. */
  async rotate(): Promise<void> {
    await this.transport.rotate();
  }

  async listSessions(options?: CallOptions): Promise<readonly SessionInfo[]> {
    return ((await this.request('/list_sessions', {}, options)) as { sessions: SessionInfo[] }).sessions;
  }

  async revokeSession(sessionId: string, options?: CallOptions): Promise<void> {
    await this.change('/revoke_session', { session_id: sessionId }, options);
  }

  /** A user's public keys, newest first. */
  async publicKeys(username: string, options?: CallOptions): Promise<readonly PublicKeyJwk[]> {
    const path = `/public_key/${encodeURIComponent(username)}`;
    return ((await this.request(path, {}, options)) as { keys: PublicKeyJwk[] }).keys;
  }

  /** A new key pair for the user, made by the server unless a public key is brought along. Returns its id. */
  async rotateUserKey(
    change: { password: string; publicKey?: OwnPublicKey },
    options?: CallOptions,
  ): Promise<string> {
    const key = change.publicKey === undefined ? {} : { public_key: change.publicKey };
    const fields = { password: change.password, ...key };
    return ((await this.change('/rotate_user_key', fields, options)) as { kid: string }).kid;
  }

  /** Sends a code to the new address. */
  async changeEmail(change: { password: string; email: string }, options?: CallOptions): Promise<void> {
    await this.change('/change_email', change, options);
  }

  /** Puts the new address in force. */
  async confirmChangeEmail(code: string, options?: CallOptions): Promise<User> {
    return ((await this.change('/confirm_change_email', { code }, options)) as { user: User }).user;
  }

  /** Deletes the account with all its keys and sessions. */
  async deleteAccount(password: string, options?: CallOptions): Promise<void> {
    await this.change('/delete_account', { password }, options);
    this.transport.forgetSession();
  }

  async exportAccount(password: string, options?: CallOptions): Promise<AccountExport> {
    return (await this.request('/export_account', { password }, options)) as AccountExport;
  }

  private async entering(path: string, fields: object, options?: CallOptions): Promise<User> {
    const { user } = (await this.change(path, fields, options)) as { user: User };
    this.transport.setLoggedIn(true);
    return user;
  }

  private change(path: string, fields: object, options: CallOptions = {}): Promise<unknown> {
    return this.transport.send({ path, fields, changes: true, ...options });
  }
}
