import { z } from 'zod';
import type { confirmEmailChange, requestEmailChange } from '../../core/accounts/change-email.ts';
import type { changePassword } from '../../core/accounts/change-password.ts';
import type { changeUsername } from '../../core/accounts/change-username.ts';
import type { deleteAccount } from '../../core/accounts/delete-account.ts';
import type { exportAccount } from '../../core/accounts/export-account.ts';
import type { loginUser } from '../../core/accounts/login-user.ts';
import type { me } from '../../core/accounts/me.ts';
import type { registerUser } from '../../core/accounts/register-user.ts';
import { type AnyEndpoint, endpoint } from '../endpoint.ts';
import {
  code,
  email,
  jwk,
  messagePlace,
  newPassword,
  nothing,
  ownMessage,
  ownRoom,
  password,
  publicKey,
  session,
  time,
  user,
  username,
} from '../fields.ts';
import { presentExport, presentMe, presentUser } from '../present.ts';
import { acceptPublicKey } from './sessions.ts';

export interface AccountOperations {
  readonly registerUser: ReturnType<typeof registerUser>;
  readonly loginUser: ReturnType<typeof loginUser>;
  readonly me: ReturnType<typeof me>;
  readonly changeUsername: ReturnType<typeof changeUsername>;
  readonly changePassword: ReturnType<typeof changePassword>;
  readonly requestEmailChange: ReturnType<typeof requestEmailChange>;
  readonly confirmEmailChange: ReturnType<typeof confirmEmailChange>;
  readonly deleteAccount: ReturnType<typeof deleteAccount>;
  readonly exportAccount: ReturnType<typeof exportAccount>;
}

const group = 'Accounts';
const userAnswer = z.strictObject({ user });
const passwordOnly = z.strictObject({ password });

export function accountEndpoints(core: AccountOperations): AnyEndpoint[] {
  return [
    endpoint({
      path: '/register_user',
      group,
      summary: 'Makes an account and logs the session in',
      login: false,
      changes: true,
      input: z.strictObject({ username, email, password: newPassword, public_key: publicKey.optional() }),
      output: userAnswer,
      refusals: ['username_taken', 'email_taken', 'key_refused'],
      handle: (caller, input) =>
        core.registerUser(caller, {
          username: input.username,
          email: input.email,
          password: input.password,
          publicKey: input.public_key === undefined ? null : acceptPublicKey(input.public_key),
        }),
      present: (result) => ({ user: presentUser(result.user) }),
    }),
    endpoint({
      path: '/login_user',
      group,
      summary: 'Logs the session in, by address or by name',
      login: false,
      changes: true,
      input: z
        .strictObject({ email: email.optional(), username: username.optional(), password })
        .refine((input) => (input.email === undefined) !== (input.username === undefined), {
          path: ['email'],
          message: 'either email or username',
        }),
      output: userAnswer,
      refusals: ['wrong_credentials'],
      handle: (caller, input) =>
        core.loginUser(caller, {
          name: input.email === undefined ? { username: input.username ?? '' } : { email: input.email },
          password: input.password,
        }),
      present: (result) => ({ user: presentUser(result.user) }),
    }),
    endpoint({
      path: '/me',
      group,
      summary: 'The user, with their keys and sessions',
      login: true,
      changes: false,
      input: nothing,
      output: z.strictObject({
        user: user.extend({ key_ids: z.array(z.string()), sessions: z.array(session) }).meta({ id: 'Me' }),
      }),
      refusals: [],
      handle: (caller) => core.me(caller),
      present: presentMe,
    }),
    endpoint({
      path: '/change_username',
      group,
      summary: 'Takes another name',
      login: true,
      changes: true,
      input: z.strictObject({ new_username: username, password }),
      output: userAnswer,
      refusals: ['wrong_credentials', 'username_taken'],
      handle: (caller, input) =>
        core.changeUsername(caller, { newUsername: input.new_username, password: input.password }),
      present: (result) => ({ user: presentUser(result.user) }),
    }),
    endpoint({
      path: '/change_password',
      group,
      summary: 'Sets another password and ends every other session',
      login: true,
      changes: true,
      input: z.strictObject({ password, new_password: newPassword }),
      output: nothing,
      refusals: ['wrong_credentials', 'forbidden'],
      handle: (caller, input) =>
        core.changePassword(caller, { password: input.password, newPassword: input.new_password }),
      present: () => ({}),
    }),
    endpoint({
      path: '/change_email',
      group,
      summary: 'Sends a code to the new address, and a notice to the old one',
      login: true,
      changes: true,
      input: z.strictObject({ password, email }),
      output: nothing,
      refusals: ['wrong_credentials', 'email_taken'],
      handle: (caller, input) => core.requestEmailChange(caller, input),
      present: () => ({}),
    }),
    endpoint({
      path: '/confirm_change_email',
      group,
      summary: 'Puts the new address in force',
      login: true,
      changes: true,
      input: z.strictObject({ code }),
      output: userAnswer,
      refusals: ['code_wrong', 'code_expired', 'email_taken'],
      handle: (caller, input) => core.confirmEmailChange(caller, input.code),
      present: (result) => ({ user: presentUser(result.user) }),
    }),
    endpoint({
      path: '/delete_account',
      group,
      summary: 'Deletes the account with all its keys and sessions',
      login: true,
      changes: true,
      input: passwordOnly,
      output: nothing,
      refusals: ['wrong_credentials'],
      handle: (caller, input) => core.deleteAccount(caller, input.password),
      present: () => ({}),
    }),
    endpoint({
      path: '/export_account',
      group,
      summary: 'Everything kept about the user; messages a part at a time',
      login: true,
      changes: false,
      input: passwordOnly.extend({
        after: messagePlace.optional().meta({ description: 'The `next` of the part before' }),
      }),
      output: z.strictObject({
        user,
        sessions: z.array(session),
        keys: z.array(
          jwk.extend({ created_at: time, private_key: z.string().nullable() }).meta({ id: 'OwnKey' }),
        ),
        pending_email: z.string().nullable(),
        email_links: z.array(z.object({ email: z.string(), expires_at: time, ended_at: time.nullable() })),
        addresses: z.array(z.object({ address: z.string(), seen_at: time })),
        rooms: z.array(ownRoom),
        messages: z.array(ownMessage),
        next: messagePlace.nullable(),
      }),
      refusals: ['wrong_credentials'],
      handle: (caller, { password: given, after }) =>
        core.exportAccount(
          caller,
          given,
          after === undefined ? null : { roomId: after.room, seq: after.seq },
        ),
      present: presentExport,
    }),
  ];
}
