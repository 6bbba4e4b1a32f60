import type { Chat } from './chat.ts';

/** A command, as it is typed after the slash. */
export interface Command {
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  readonly help: string;
  /** Returns false for what is not understood. */
  readonly run: (chat: Chat, words: string) => Promise<boolean>;
}

const done = async (work: Promise<void> | void): Promise<boolean> => {
  await work;
  return true;
};

export const commands: readonly Command[] = [
  {
    name: 'rooms',
    usage: '',
    help: 'every room, with what is unread',
    run: (chat) => done(chat.showRooms()),
  },
  {
    name: 'join',
    usage: '<room>',
    help: 'open a room, joining it if need be',
    run: async (chat, words) => words !== '' && done(chat.join(words)),
  },
  {
    name: 'leave',
    usage: '',
    help: 'leave the room on the screen for good',
    run: (chat) => done(chat.leave()),
  },
  {
    name: 'create',
    usage: '<room> [open|approval|invite]',
    help: 'make a room; open, unless said otherwise',
    run: async (chat, words) => {
      const match = /^(.*?)(?:\s+(open|approval|invite))?$/.exec(words);
      const [, room = '', kind = 'open'] = match ?? [];
      return room !== '' && done(chat.create(room, kind as 'open' | 'approval' | 'invite'));
    },
  },
  {
    name: 'msg',
    usage: '<user> [text]',
    help: 'write to one user alone',
    run: async (chat, words) => {
      const [, user = '', text = ''] = /^@?(\S*)\s*(.*)$/s.exec(words) ?? [];
      return user !== '' && done(chat.messageUser(user, text));
    },
  },
  { name: 'who', usage: '', help: 'who is in the room, and online', run: (chat) => done(chat.showMembers()) },
  { name: 'history', usage: '', help: 'older messages', run: (chat) => done(chat.showOlder()) },
  {
    name: 'edit',
    usage: '<number> <text>',
    help: 'put another text in the place of a message',
    run: async (chat, words) => {
      const [, seq, text = ''] = /^#?(\d{1,15})\s+(.+)$/s.exec(words) ?? [];
      return seq !== undefined && done(chat.edit(Number(seq), text));
    },
  },
  {
    name: 'delete',
    usage: '<number>',
    help: 'delete a message',
    run: async (chat, words) => {
      const [, seq] = /^#?(\d{1,15})$/.exec(words) ?? [];
      return seq !== undefined && done(chat.delete(Number(seq)));
    },
  },
  { name: 'help', usage: '', help: 'this', run: (chat) => done(chat.showHelp()) },
  { name: 'quit', usage: '', help: 'log out and end', run: (chat) => done(chat.quit()) },
];

/** All commands and how they are written. */
export function helpLines(): string[] {
  const lines = commands.map(({ name, usage, help }) => `${`/${name} ${usage}`.padEnd(38)}${help}`);
  return [
    ...lines,
    'Anything else is said in the room. A text that begins with a slash is written with two.',
  ];
}

/** Does what a line asks for. @throws LetterlockError */
export async function obey(chat: Chat, line: string): Promise<void> {
  if (!line.startsWith('/') || line.startsWith('//')) {
    const text = line.replace(/^\/\//, '/');
    if (text.trim() !== '') await chat.say(text);
    return;
  }
  const [, name = '', words = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  const command = commands.find((each) => each.name === name);
  if (command === undefined) return chat.complain(`there is no /${name}; /help shows what there is`);
  if (!(await command.run(chat, words.trim())))
    chat.complain(`it is written /${command.name} ${command.usage}`);
}
