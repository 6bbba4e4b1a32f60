import { z } from 'zod';

/** The words of the wire that several endpoints share. Rules beyond shape and size are core's. */

export const username = z.string().min(1).max(200).meta({ description: '1 to 40 letters, digits, `_ . -`' });
export const email = z.string().min(3).max(300).meta({ description: 'One plain address' });
export const password = z.string().min(1).max(4096).meta({ description: 'The password' });
export const newPassword = z
  .string()
  .min(1)
  .max(4096)
  .meta({ description: 'At least 10 characters, at most 1,024 bytes, not a common one' });
export const code = z.string().min(1).max(64).meta({ description: 'The 8 characters from the mail' });
export const publicKey = z.union([z.string().max(8192), z.record(z.string(), z.unknown())]).meta({
  description: 'RSA, 2048 to 4096 bits, exponent 65537: PEM (SPKI or PKCS#1), base64 DER of either, or a JWK',
});
export const enc = z
  .enum(['A256GCM', 'A256CBC-HS512'])
  .meta({ description: 'Content encryption; `A256GCM` when left out' });

export const time = z.string().meta({ description: 'RFC 3339, UTC, milliseconds', format: 'date-time' });
export const id = z.string().meta({ description: 'An id' });

export const user = z
  .object({ id, username, email, created_at: time, role: z.enum(['user', 'admin']) })
  .meta({ id: 'User', description: 'A user, as the user sees themselves' });

export const session = z
  .object({
    session_id: id,
    address: z.string(),
    client: z.string(),
    created_at: time,
    last_used_at: time,
    current: z.boolean().meta({ description: 'Whether it is the one that asks' }),
  })
  .meta({ id: 'Session', description: 'One place where the user is logged in' });

export const jwk = z
  .object({
    kty: z.literal('RSA'),
    n: z.string(),
    e: z.literal('AQAB'),
    kid: z.string(),
    alg: z.literal('RSA-OAEP-256'),
    use: z.literal('enc'),
  })
  .meta({ id: 'PublicKey', description: 'A public key as a JWK (RFC 7517)' });

export const handshake = z
  .object({
    session_key: z.string().meta({ description: 'The session key id' }),
    key: z.string().meta({ description: 'base64url of RSA-OAEP-256 over the raw session key' }),
    alg: z.literal('RSA-OAEP-256'),
    enc,
    expires_in: z.number().meta({ description: 'Idle seconds after which the session ends' }),
    server_key_id: z.string().meta({ description: 'RFC 7638 thumbprint of the identity key' }),
    signature: z.string().meta({ description: 'base64url Ed25519 signature over the handshake' }),
  })
  .meta({ id: 'Handshake', description: 'A session key, wrapped and signed' });

/** Nothing to say but that it is done. */
export const nothing = z.strictObject({});
