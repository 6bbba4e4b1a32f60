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
  .object({ id, username, email: email.nullable(), created_at: time, role: z.enum(['user', 'admin']) })
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

export const roomName = z.string().min(1).max(200).meta({ description: '1 to 60 characters' });
export const roomReference = z.string().min(1).max(200).meta({ description: "A room's id, or its name" });
export const text = z.string().meta({ description: '1 byte to 64 KiB of UTF-8' });
export const position = z.int().min(1).meta({ description: "A message's number in its room" });
export const limit = z.int().meta({ description: '1 to 200; others are clamped' });

const kind = z.enum(['open', 'approval', 'invite', 'direct']);
const role = z.enum(['owner', 'moderator', 'member']);
const state = z.enum(['member', 'pending', 'none']);

export const message = z
  .object({
    room: id,
    room_name: z.string().nullable(),
    with: z.string().optional().meta({ description: "In a direct room: the other's name" }),
    seq: z.number(),
    id,
    from: z.string(),
    message: z.string().nullable().meta({ description: 'Null once deleted' }),
    at: time,
    edited_at: time.nullable(),
    deleted: z.boolean(),
    revision: z.number().meta({ description: "The room's count of edits at the last one of this; 0: never" }),
  })
  .meta({ id: 'Message', description: 'A message; edited or deleted, it keeps its number' });

export const messagePlace = z
  .strictObject({ room: id, seq: z.int().min(0) })
  .meta({ id: 'MessagePlace', description: "A message's room and number" });

export const ownMessage = z
  .object({
    room: id,
    seq: z.number(),
    message: z.string().nullable(),
    at: time,
    edited_at: time.nullable(),
    deleted: z.boolean(),
  })
  .meta({ id: 'OwnMessage', description: 'A message, as its sender gets it back' });

export const ownRoom = z
  .object({
    room: id,
    room_name: z.string().nullable(),
    kind,
    state: z.string(),
    role,
    since: time,
    read_seq: z.number(),
  })
  .meta({ id: 'OwnRoom', description: 'How the user stands to a room' });

export const roomInfo = z
  .object({
    id,
    name: z.string().nullable(),
    kind,
    with: z.string().nullable(),
    state,
    role: role.nullable(),
    last_seq: z.number(),
    read_seq: z.number(),
    last_revision: z.number(),
    members: z.number(),
    online: z.number(),
  })
  .meta({ id: 'Room', description: 'A room as the user sees it' });

export const roomEntry = z.strictObject({ room: id, room_name: z.string().nullable(), kind, state });

export const member = z
  .object({
    id,
    username: z.string(),
    role,
    online: z.boolean(),
    since: time,
    reason: z.string().nullable(),
  })
  .meta({ id: 'Member', description: 'Somebody in a room, or waiting to be' });

export const otherUser = z
  .object({ id, username: z.string(), online: z.boolean() })
  .meta({ id: 'OtherUser', description: 'A user, as others see them' });

export const liveEvent = z
  .looseObject({
    kind: z.enum([
      'message',
      'message_read',
      'room_changed',
      'member_joined',
      'member_left',
      'presence',
      'typing',
      'notice',
      'kicked',
      'banned',
      'killed',
      'shutdown',
    ]),
    at: time,
  })
  .meta({ id: 'Event', description: 'What happened; the further members depend on `kind`' });

/** Nothing to say but that it is done. */
export const nothing = z.strictObject({});
