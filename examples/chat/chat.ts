import { helpLines } from './commands.ts';
import { Conversation } from './conversation.ts';
import { RoomList, roomTitle } from './rooms.ts';
import type { Screen } from './screen.ts';
import { type LetterlockClient, type Room, type RoomEntry } from './sdk.ts';
import { TypingNotice, Writers } from './typing.ts';

/** What a person at the terminal can do. */
export class Chat {
  readonly client: LetterlockClient;
  readonly username: string;
  readonly screen: Screen;
  readonly rooms = new RoomList();
  readonly writers = new Writers();
  readonly typing: TypingNotice;
  /** The room on the screen. */
  open: Conversation | null = null;
  private readonly onQuit: () => void;

  constructor(context: { client: LetterlockClient; username: string; screen: Screen; onQuit: () => void }) {
    this.client = context.client;
    this.username = context.username;
    this.screen = context.screen;
    this.onQuit = context.onQuit;
    this.typing = new TypingNotice(this.client);
  }

  /** Says what went wrong. */
  complain(words: string): void {
    this.screen.line({ dim: '! ' }, words);
  }

  /** Sends a text to the room on the screen, where it appears once the server has it. */
  async say(text: string): Promise<void> {
    if (this.open === null) return this.complain('open a room first: /join <room>');
    await this.client.messages.send({ room: this.open.room, message: text });
  }

  async messageUser(user: string, text: string): Promise<void> {
    const { messages } = await this.client.messages.list({ with: user, limit: 1 });
    const known = messages[0]?.room;
    if (known === undefined && text === '') {
      return this.complain(`you never wrote to each other; begin with /msg ${user} <text>`);
    }
    const room = text === '' ? known : (await this.client.messages.send({ to: user, message: text })).room;
    if (room !== undefined) await this.show(room, `@${user}`);
  }

  async join(name: string): Promise<void> {
    this.rooms.take(await this.client.rooms.list());
    const room = this.find(name);
    if (room?.state === 'member') return this.show(room.id, roomTitle(room));
    const entry = await this.client.rooms.join(room?.id ?? name);
    await this.entered(entry);
  }

  async create(room: string, kind: 'open' | 'approval' | 'invite'): Promise<void> {
    await this.entered(await this.client.rooms.create({ room, kind }));
  }

  async leave(): Promise<void> {
    if (this.open === null) return this.complain('no room is open');
    const { room, title } = this.open;
    await this.client.rooms.leave(room);
    this.close();
    this.screen.line({ dim: `you have left ${title}` });
  }

  async showRooms(): Promise<void> {
    this.rooms.take(await this.client.rooms.list());
    this.listRooms();
  }

  /** The rooms as they are known: the user's own, then what they may join. */
  listRooms(): void {
    for (const room of this.rooms.all()) {
      const unread = room.id === this.open?.room ? 0 : this.rooms.unread(room.id);
      const state = { member: '', pending: 'waits for approval', none: `${room.kind}, not joined` }[
        room.state
      ];
      const online = room.state === 'member' ? `${room.online} of ${room.members} online` : '';
      const notes = [unread > 0 ? `${unread} unread` : '', online, state]
        .filter((note) => note !== '')
        .join(', ');
      this.screen.line(
        room.state === 'member' ? '* ' : '  ',
        { bold: roomTitle(room) },
        { dim: `  ${notes}` },
      );
    }
  }

  async showMembers(): Promise<void> {
    if (this.open === null) return this.complain('open a room first: /join <room>');
    const { members, next } = await this.client.rooms.members({ room: this.open.room, limit: 200 });
    const names = (online: boolean): string =>
      members
        .filter((member) => member.online === online)
        .map(({ username, role }) => (role === 'member' ? username : `${username} (${role})`))
        .join(', ');
    this.screen.line({ bold: 'online: ' }, names(true) || 'nobody');
    this.screen.line({ dim: `away: ${names(false) || 'nobody'}${next === null ? '' : ', and more'}` });
  }

  async showOlder(): Promise<void> {
    if (this.open === null) return this.complain('open a room first: /join <room>');
    await this.open.showOlder();
  }

  async edit(seq: number, message: string): Promise<void> {
    if (this.open === null) return this.complain('open a room first: /join <room>');
    await this.client.messages.edit({ room: this.open.room, seq, message });
  }

  async delete(seq: number): Promise<void> {
    if (this.open === null) return this.complain('open a room first: /join <room>');
    await this.client.messages.delete({ room: this.open.room, seq });
  }

  showHelp(): void {
    for (const line of helpLines()) this.screen.line(line);
  }

  quit(): void {
    this.onQuit();
  }

  /** Puts a room on the screen. */
  async show(room: string, title: string): Promise<void> {
    const { client, screen, username } = this;
    const conversation = new Conversation({ room, title }, { client, screen, username });
    const before = this.open;
    // From now on what is said there goes there, not to the count of what is unread.
    this.open = conversation;
    try {
      await conversation.open();
    } catch (error) {
      if (this.open === conversation) this.open = before;
      throw error;
    }
    this.rooms.readAll(room);
    this.writers.clear();
    this.refreshPrompt();
  }

  /** Takes the room off the screen. */
  close(): void {
    this.open = null;
    this.refreshPrompt();
  }

  /** The room on the screen, and who writes in it. */
  refreshPrompt(): void {
    const { words } = this.writers;
    this.screen.setPrompt(`${this.open?.title ?? ''}${words === '' ? '' : ` (${words})`}> `);
  }

  private async entered(entry: RoomEntry): Promise<void> {
    const title = entry.room_name ?? entry.room;
    if (entry.state === 'member') await this.show(entry.room, title);
    else this.screen.line({ dim: `${title}: a moderator has to let you in; you will be told` });
  }

  private find(name: string): Room | undefined {
    const key = name.toLowerCase();
    return this.rooms.all().find((room) => roomTitle(room).toLowerCase() === key || room.id === name);
  }
}
