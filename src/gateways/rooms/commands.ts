import { guestMark } from '../../core/accounts/guests.ts';
import { Refusal } from '../../core/errors.ts';
import { foldName } from '../../core/names/username.ts';
import { roomNameKey } from '../../core/rooms/room-name.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { errorObject, okObject } from './objects.ts';
import type { Request, RequestOf, RequestType } from './requests.ts';
import { type Entry, signIn, signUp } from './sign-in.ts';
import type { Stay } from './stay.ts';

/** What a command comes to. */
export interface Answer {
  readonly objects: readonly Buffer[];
  /** Whether the connection is closed after it. */
  readonly closes?: true;
  /** Who is signed in from now on. */
  readonly stay?: Stay;
}

type Command<Type extends RequestType> = (
  entry: Entry,
  fields: RequestOf<Type>,
  stay: Stay | null,
) => Promise<Answer>;

/** Every message of the protocol, and what of core it stands for. */
const commands: { readonly [Type in RequestType]: Command<Type> } = {
  signup: signUp,
  signin: signIn,
  pending_room: signedIn('pending_room', askForRoom),
  public: signedIn('public', speak),
  private: signedIn('private', speakPrivately),
  disconnect: async () => ({ objects: [okObject('disconnect')], closes: true }),
};

/** Does what a message asks for. @throws Refusal, as core says it */
export function perform<Type extends RequestType>(
  { type, fields }: Request<Type>,
  entry: Entry,
  stay: Stay | null,
): Promise<Answer> {
  return commands[type](entry, fields, stay);
}

const nothing: Answer = { objects: [] };

/** A command for those who are signed in, and speak for themselves. */
function signedIn<Type extends RequestType>(
  type: Type,
  command: (parts: GatewayParts, stay: Stay, fields: RequestOf<Type>) => Promise<Answer>,
): Command<Type> {
  return async ({ parts }, fields, stay) => {
    if (stay === null) return { objects: [errorObject(type, 'not_logged_in')] };
    const { user } = fields;
    if (user !== undefined && foldName(user) !== foldName(stay.user.username)) {
      return { objects: [errorObject(type, 'not_valid_sender')] };
    }
    return command(parts, stay, fields);
  };
}

/** Who gets in is told so by the event, on every connection of theirs. */
async function askForRoom(
  { core, read }: GatewayParts,
  { user, names }: Stay,
  { room }: RequestOf<'pending_room'>,
): Promise<Answer> {
  const known = names.idOf(room) ?? (await read.rooms.byNameKey(roomNameKey(room)))?.id;
  if (known === undefined) throw new Refusal('room_unknown');
  if (names.nameOf(known) !== null) return { objects: [errorObject('pending_room', 'already_in_room')] };
  await core.joinRoom(user, known);
  return nothing;
}

/** Who speaks hears themselves, as everybody in the room does. */
async function speak(
  { core }: GatewayParts,
  { user, names }: Stay,
  { room, message }: RequestOf<'public'>,
): Promise<Answer> {
  await core.sendMessage(user, { room: names.idOf(room) ?? room }, message);
  return nothing;
}

async function speakPrivately(
  { core }: GatewayParts,
  { user }: Stay,
  { to, message }: RequestOf<'private'>,
): Promise<Answer> {
  const name = to.endsWith(guestMark) ? to.slice(0, -guestMark.length) : to;
  await core.sendMessage(user, { to: name }, message);
  return { objects: [okObject('private')] };
}
