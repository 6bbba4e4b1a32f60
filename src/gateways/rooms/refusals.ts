import type { ErrorCode, Refusal } from '../../core/errors.ts';
import type { RequestType } from './requests.ts';

/** Core's codes in this protocol's words, where it has one; any other code is its own reason. */
const words: Readonly<Record<RequestType, Partial<Record<ErrorCode, string>>>> = {
  signup: { username_taken: 'username_already_used' },
  signin: {},
  pending_room: { room_unknown: 'room_does_not_exist', session_unknown: 'not_logged_in' },
  public: {
    room_unknown: 'not_in_room',
    not_a_member: 'not_in_room',
    membership_pending: 'not_in_room',
    removed_from_room: 'not_in_room',
    banned_from_room: 'not_valid_sender',
    kicked: 'not_valid_sender',
    banned: 'not_valid_sender',
    session_unknown: 'not_valid_sender',
  },
  private: { user_unknown: 'recipient_not_found', session_unknown: 'not_valid_sender' },
  disconnect: {},
};

/** Why something was refused, in a reason that clients know or people can read. */
export function reasonOf(type: RequestType, refusal: Refusal): string {
  const { code, members } = refusal;
  if (code === 'invalid_input' && members.errors !== undefined) {
    // A name that nobody can have, and one's own, are nobody to write to.
    if (type === 'private' && 'to' in members.errors) return 'recipient_not_found';
    if (type === 'pending_room') return 'room_does_not_exist';
    if ('room' in members.errors) return 'not_in_room';
    const [[field, problem] = ['', code]] = Object.entries(members.errors);
    return `${field}: ${problem}`;
  }
  return words[type][code] ?? code;
}
