import { type Outcome, type ServerUser, done, problem } from './protocol-accounts.ts';

/** A message as it stands in the history (PROTOCOL.md §5). */
export interface StoredMessage {
  readonly room: string;
  readonly seq: number;
  readonly from: string;
  message: string | null;
  revision: number;
}

interface StoredRoom {
  readonly id: string;
  readonly messages: StoredMessage[];
  revision: number;
  /** Messages up to this number are not for the reader. */
  visibleAfter: number;
  isMember: boolean;
}

/** Rooms of a server, as one reader sees them. What is said in them is pushed to whoever listens, or on purpose not. */
export class Rooms {
  /** Where what is said goes besides the history. */
  onEvent: (event: Record<string, unknown>) => void = () => {};
  /** Called before something is answered: time for something to happen meanwhile. */
  before: (path: string) => void = () => {};
  /** What whoever asks for events is refused with. */
  refusal: Outcome | null = null;
  private readonly rooms = new Map<string, StoredRoom>();

  room(id: string): StoredRoom {
    let room = this.rooms.get(id);
    if (room === undefined) {
      room = { id, messages: [], revision: 0, visibleAfter: 0, isMember: true };
      this.rooms.set(id, room);
    }
    return room;
  }

  /** Stores a message. @param unheard whether nobody who listens is told */
  say(id: string, text: string, unheard = false): StoredMessage {
    const { messages } = this.room(id);
    const message = { room: id, seq: messages.length + 1, from: 'bert', message: text, revision: 0 };
    messages.push(message);
    if (!unheard) this.onEvent(eventOf(message));
    return message;
  }

  /** Edits a message, or deletes it. */
  edit(id: string, seq: number, text: string | null, unheard = false): void {
    const room = this.room(id);
    const message = room.messages[seq - 1]!;
    message.message = text;
    message.revision = ++room.revision;
    if (!unheard) this.onEvent(eventOf(message));
  }

  /** What an endpoint about rooms answers; null for any other. */
  perform(path: string, fields: Record<string, unknown>, _user: ServerUser): Outcome | null {
    this.before(path);
    if (path === '/events') return this.refusal ?? done({});
    if (path === '/list_rooms') return done({ rooms: [...this.rooms.values()].map(shownRoom) });
    if (path !== '/list_messages') return null;
    const room = this.rooms.get(String(fields['room']));
    if (room === undefined) return problem(404, 'room_unknown');
    if (!room.isMember) return problem(403, 'removed_from_room', { reason: 'off topic' });
    const { after_seq: afterSeq, after_revision: afterRevision, limit } = fields;
    const visible = ({ seq }: StoredMessage) => seq > room.visibleAfter;
    if (afterRevision !== undefined) {
      const edited = room.messages
        .filter(({ revision }) => revision > Number(afterRevision))
        .sort((one, other) => one.revision - other.revision);
      const page = edited.slice(0, Number(limit)).filter(visible);
      return done({ messages: page.map(shown), has_more: edited.length > Number(limit) });
    }
    const after = room.messages.filter((each) => visible(each) && each.seq > Number(afterSeq));
    const page = after.slice(0, Number(limit));
    return done({ messages: page.map(shown), has_more: after.length > page.length });
  }
}

export function eventOf(message: StoredMessage): Record<string, unknown> {
  return { kind: 'message', ...shown(message) };
}

function shown(message: StoredMessage): Record<string, unknown> {
  const at = '2026-01-01T00:00:00.000Z';
  const id = `${message.room}.${message.seq}`;
  return { ...message, room_name: message.room, id, at, edited_at: null, deleted: message.message === null };
}

function shownRoom({ id, messages, revision, isMember }: StoredRoom): Record<string, unknown> {
  return {
    id,
    name: id,
    kind: 'open',
    with: null,
    state: isMember ? 'member' : 'none',
    role: isMember ? 'member' : null,
    last_seq: messages.length,
    read_seq: 0,
    last_revision: revision,
    members: 2,
    online: 1,
  };
}
