import { Refusal } from '../../core/errors.ts';
import { foldName } from '../../core/names/username.ts';
import type { Conversation } from './conversation.ts';
import { shownName } from './event-form.ts';
import { type Member, isNameOf } from './member.ts';
import { words } from './words.ts';

/** Says something to everyone. The protocol has no word for "not now": what comes too fast is said later. */
export async function say(
  conversation: Conversation,
  { user, roomId }: Member,
  { message }: { message: string },
): Promise<void> {
  while (!conversation.isOver) {
    try {
      await conversation.parts.core.sendMessage(user, { room: roomId }, message);
      return;
    } catch (error) {
      const waits = error instanceof Refusal && (error.code === 'rate_limited' || error.code === 'busy');
      if (!waits) throw error;
      await conversation.pause(1000 * (error.members.retryAfter ?? 1));
    }
  }
}

/** Tells the others that somebody types, or does no longer. */
export async function setTyping(
  { parts }: Conversation,
  { user, roomId }: Member,
  { typing }: { typing: boolean },
): Promise<void> {
  await parts.core.setTyping(user, { room: roomId, typing });
}

/** Closes; somebody who is in, only under their own name. */
export function disconnect(conversation: Conversation, { user }: { user: string }): void {
  const { member } = conversation;
  conversation.end(...(member === null || isNameOf(member, user) ? [] : [words.wrongIp]));
}

/** Names in one list at most; those who fit into one object, too. */
const maxNames = 2_000;
const maxListBytes = 60 * 1024;
/** Names asked for in one query. */
const namesAtOnce = 200;

/** Says who is online, or who is registered and is not. */
export async function listUsers(
  conversation: Conversation,
  { user }: Member,
  { online }: { online: boolean },
): Promise<void> {
  const names = online ? await namesOnline(conversation) : await namesOffline(conversation, user);
  conversation.tell(words.userlist(fitting(names.map(shownName)), online));
}

async function namesOnline({ parts }: Conversation): Promise<string[]> {
  const ids = await parts.core.online.some(maxNames);
  const names: string[] = [];
  for (let at = 0; at < ids.length; at += namesAtOnce) {
    const found = await parts.read.users.usernames(ids.slice(at, at + namesAtOnce));
    names.push(...found.values());
  }
  const keyed = names.map((name) => ({ name, key: foldName(name) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ name }) => name);
}

async function namesOffline({ parts }: Conversation, user: Member['user']): Promise<string[]> {
  const names: string[] = [];
  let after: string | null = '';
  // A page that finds nobody has looked through thousands: there are not many of those.
  for (let page = 0; page < maxNames / namesAtOnce && after !== null; page++) {
    const found = await parts.core.listUsers(user, { online: false, after, limit: namesAtOnce });
    names.push(...found.users.map(({ username }) => username));
    after = found.next;
  }
  return names;
}

function fitting(names: readonly string[]): string[] {
  let bytes = 0;
  const end = names.findIndex((name) => (bytes += Buffer.byteLength(name) + 3) > maxListBytes);
  return end === -1 ? [...names] : names.slice(0, end);
}
