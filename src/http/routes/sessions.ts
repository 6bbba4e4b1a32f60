import { z } from 'zod';
import { readRsaPublicKey, type RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import { Refusal } from '../../core/errors.ts';
import type { logout, revokeSession } from '../../core/sessions/end-session.ts';
import type { rotateSessionKey } from '../../core/sessions/handshake.ts';
import type { listSessions } from '../../core/accounts/me.ts';
import { type AnyEndpoint, endpoint } from '../endpoint.ts';
import { enc, handshake, id, nothing, publicKey, session } from '../fields.ts';
import { presentHandshake, presentSession } from '../present.ts';

/** What a client posts to get a session key, in the clear or sealed. */
export const handshakeInput = z.strictObject({ public_key: publicKey, enc: enc.optional() });

export interface SessionOperations {
  readonly rotateSessionKey: ReturnType<typeof rotateSessionKey>;
  readonly logout: ReturnType<typeof logout>;
  readonly listSessions: ReturnType<typeof listSessions>;
  readonly revokeSession: ReturnType<typeof revokeSession>;
}

/** The client's public key. @throws Refusal `key_refused` with the reason */
export function acceptPublicKey(input: unknown): RsaPublicKey {
  const read = readRsaPublicKey(input);
  if (!read.ok) throw new Refusal('key_refused', { detail: read.reason });
  return read.key;
}

export function sessionEndpoints(core: SessionOperations): AnyEndpoint[] {
  return [
    endpoint({
      path: '/rotate_session_key',
      group: 'Sessions',
      summary: 'A new session key with the same login; the old one stays good for 30 s',
      login: false,
      changes: true,
      input: handshakeInput,
      output: handshake,
      refusals: ['key_refused'],
      handle: (caller, input) =>
        core.rotateSessionKey(caller, {
          publicKey: acceptPublicKey(input.public_key),
          enc: input.enc ?? caller.key.enc,
        }),
      present: presentHandshake,
    }),
    endpoint({
      path: '/logout',
      group: 'Sessions',
      summary: 'Ends the session',
      login: false,
      changes: true,
      input: nothing,
      output: nothing,
      refusals: [],
      handle: (caller) => core.logout(caller),
      present: () => ({}),
    }),
    endpoint({
      path: '/list_sessions',
      group: 'Sessions',
      summary: 'Every place the user is logged in',
      login: true,
      changes: false,
      input: nothing,
      output: z.strictObject({ sessions: z.array(session) }),
      refusals: [],
      handle: (caller) => core.listSessions(caller),
      present: ({ sessions }) => ({ sessions: sessions.map(presentSession) }),
    }),
    endpoint({
      path: '/revoke_session',
      group: 'Sessions',
      summary: 'Ends one of them',
      login: true,
      changes: true,
      input: z.strictObject({ session_id: id.max(200) }),
      output: nothing,
      refusals: ['not_found'],
      handle: (caller, input) => core.revokeSession(caller, input.session_id),
      present: () => ({}),
    }),
  ];
}
