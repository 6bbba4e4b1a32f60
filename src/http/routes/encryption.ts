import { z } from 'zod';
import type { decryptForUser } from '../../core/encryption/decrypt-message.ts';
import type { encryptForUser } from '../../core/encryption/encrypt-for-user.ts';
import type { listPublicKeys } from '../../core/user-keys/public-keys.ts';
import type { rotateUserKey } from '../../core/user-keys/rotate-user-key.ts';
import { type AnyEndpoint, endpoint } from '../endpoint.ts';
import { jwk, nothing, password, publicKey } from '../fields.ts';
import { presentPublicKey } from '../present.ts';
import { acceptPublicKey } from './sessions.ts';

export interface EncryptionOperations {
  readonly encryptForUser: ReturnType<typeof encryptForUser>;
  readonly decryptForUser: ReturnType<typeof decryptForUser>;
  readonly listPublicKeys: ReturnType<typeof listPublicKeys>;
  readonly rotateUserKey: ReturnType<typeof rotateUserKey>;
}

const group = 'Encryption';

export function encryptionEndpoints(core: EncryptionOperations): AnyEndpoint[] {
  return [
    endpoint({
      path: '/encrypt/:username',
      group,
      summary: "Encrypts a text to the user's newest key",
      login: true,
      changes: false,
      input: z.strictObject({ message: z.string().meta({ description: 'Any text, up to the body limit' }) }),
      output: z.strictObject({ message: z.string().meta({ description: 'JWE compact, with its `kid`' }) }),
      refusals: ['user_unknown'],
      handle: (caller, input, name) => core.encryptForUser(caller, name, input.message),
      present: (result) => result,
    }),
    endpoint({
      path: '/decrypt',
      group,
      summary: 'Decrypts a message that was encrypted to the user who asks',
      login: true,
      changes: false,
      input: z.strictObject({ message: z.string().meta({ description: 'JWE compact' }) }),
      output: z.strictObject({ message: z.string() }),
      refusals: ['not_decryptable', 'key_held_by_user'],
      handle: (caller, input) => core.decryptForUser(caller, input.message),
      present: (result) => result,
    }),
    endpoint({
      path: '/public_key/:username',
      group,
      summary: "The user's public keys, newest first",
      login: true,
      changes: false,
      input: nothing,
      output: z.strictObject({ keys: z.array(jwk) }),
      refusals: ['user_unknown'],
      handle: (caller, _input, name) => core.listPublicKeys(caller, name),
      present: ({ keys }) => ({ keys: keys.map(presentPublicKey) }),
    }),
    endpoint({
      path: '/rotate_user_key',
      group,
      summary: 'A new key pair for the user; old ones still decrypt',
      login: true,
      changes: true,
      input: z.strictObject({ password, public_key: publicKey.optional() }),
      output: z.strictObject({ kid: z.string() }),
      refusals: ['wrong_credentials', 'key_refused'],
      handle: (caller, input) =>
        core.rotateUserKey(caller, {
          password: input.password,
          publicKey: input.public_key === undefined ? null : acceptPublicKey(input.public_key),
        }),
      present: (result) => result,
    }),
  ];
}
