import type { Chat } from './chat.ts';
import type { ClientEvent } from './sdk.ts';
import { roomTitle, titleOf } from './rooms.ts';

/** Shows everything that happens, until there is nothing more to hear. @throws LetterlockError, the signal's reason */
export async function listen(chat: Chat, signal: AbortSignal): Promise<void> {
  const link = { isFirst: true, isLost: false };
  for await (const event of chat.client.events({ signal })) {
    if (event.kind === 'connected') await connected(chat, event.rooms, link);
    else if (event.kind === 'disconnected') {
      link.isLost = true;
      chat.screen.line({ dim: 'the connection is lost; trying to get it back …' });
    } else tell(chat, event);
  }
}

async function connected(
  chat: Chat,
  rooms: Parameters<Chat['rooms']['take']>[0],
  link: { isFirst: boolean; isLost: boolean },
): Promise<void> {
  chat.rooms.take(rooms);
  chat.writers.clear();
  if (chat.open !== null) chat.rooms.readAll(chat.open.room);
  chat.refreshPrompt();
  if (link.isLost) chat.screen.line({ dim: 'connected again; nothing was missed' });
  link.isLost = false;
  if (!link.isFirst) return;
  link.isFirst = false;
  chat.listRooms();
  const own = rooms.find(({ state }) => state === 'member');
  if (own !== undefined && chat.open === null) await chat.show(own.id, roomTitle(own));
}

function tell(chat: Chat, event: Exclude<ClientEvent, { kind: 'connected' | 'disconnected' }>): void {
  const { screen, open, writers } = chat;
  const isOpen = 'room' in event && event.room === open?.room;
  switch (event.kind) {
    case 'message':
      if (isOpen) {
        writers.set(event.from, false);
        open.show(event);
        chat.refreshPrompt();
      } else if (event.revision === 0 && event.from !== chat.username) {
        const unread = chat.rooms.addUnread(event.room);
        const how = event.with === undefined ? `/join ${titleOf(event)}` : `/msg ${event.with}`;
        if (unread === 1) screen.line({ dim: `${event.from} writes in ${titleOf(event)}: ${how}` });
      }
      return;
    case 'typing':
      if (!isOpen || event.username === chat.username) return;
      writers.set(event.username, event.typing);
      chat.refreshPrompt();
      return;
    case 'message_read':
      if (isOpen && event.with === event.username && open.isLastOwn(event.seq)) {
        screen.line({ dim: `${event.username} has read this` });
      }
      return;
    case 'member_joined':
    case 'member_left':
      if (isOpen && event.username !== chat.username) {
        screen.line({ dim: `${event.username} has ${event.kind === 'member_joined' ? 'joined' : 'left'}` });
      }
      return;
    case 'presence':
      screen.line({ dim: `${event.username} is ${event.online ? 'online' : 'away'}` });
      return;
    case 'room_changed':
      // The first message in a direct room says more than that there is one.
      if (event.username === chat.username && event.room_kind !== 'direct') roomChanged(chat, event);
      return;
    case 'notice':
      screen.line({ bold: 'The server says: ' }, event.message);
      return;
    case 'killed':
      screen.line({ bold: 'The admin ended the connection: ' }, event.reason);
      return;
    case 'shutdown':
      screen.line({ dim: `the server goes: ${event.reason}` });
      return;
    default:
      // Whatever later servers tell besides.
      return;
  }
}

/** How the user themselves stand to a room. */
function roomChanged(chat: Chat, event: Extract<ClientEvent, { kind: 'room_changed' }>): void {
  const title = titleOf(event);
  const why = event.reason === null ? '' : `: ${event.reason}`;
  const isOpen = event.room === chat.open?.room;
  if (event.state === 'member') {
    if (!isOpen) chat.screen.line({ dim: `you are in ${title}` });
  } else if (event.state === 'removed' || event.state === 'banned') {
    chat.screen.line({ bold: `you were removed from ${title}` }, why);
    if (isOpen) chat.close();
  } else if (event.state === 'invited') {
    chat.screen.line({ dim: `you are invited to ${title}: /join ${title}` });
  }
}
