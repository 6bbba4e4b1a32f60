import { canonicalRange } from '../core/addresses.ts';
import { readUsername } from '../core/names/username.ts';
import { readRoomName } from '../core/rooms/room-name.ts';
import { readDuration } from './durations.ts';
import { harmless } from './harmless.ts';
import { type Word, listOf } from './words.ts';

/** What is wrong with a line, for who typed it. */
export class WrongLine extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'WrongLine';
  }
}

/** What Tab offers for a parameter. */
export type Offer = 'users' | 'pending rooms' | 'nothing';

/** One parameter of a command: what it is called in the usage, and how it is read. */
export interface Parameter<Value> {
  readonly placeholder: string;
  /** `one` word, the `rest` of the line, or one that `may` be left out. */
  readonly takes: 'one' | 'rest' | 'may';
  readonly offer: Offer;
  /**
   * @param words one or more; none where it was left out
   * @throws WrongLine
   */
  readonly read: (words: readonly Word[]) => Value;
}

/** Longest reason, in code points. */
const maxReason = 300;
/** Longest notice, in code points. */
const maxNotice = 1000;

/** The name of a user; whether there is one is seen later. */
export function username(placeholder = 'username'): Parameter<string> {
  return {
    placeholder,
    takes: 'one',
    offer: 'users',
    read: ([word]) => {
      const read = readUsername(word?.text ?? '');
      if (!read.ok) throw new WrongLine(`that is nobody's name: ${read.problem}`);
      return read.username;
    },
  };
}

/** An address or a range, in its one spelling. */
export const addressRange: Parameter<string> = {
  placeholder: 'ip',
  takes: 'one',
  offer: 'nothing',
  read: ([word]) => {
    const range = canonicalRange(word?.text ?? '');
    if (range === null) {
      throw new WrongLine(
        `"${word?.text ?? ''}" is neither an address nor a range: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32`,
      );
    }
    return range;
  },
};

/** A length of time, in milliseconds. */
export function duration(placeholder: string): Parameter<number> {
  return {
    placeholder,
    takes: 'one',
    offer: 'nothing',
    read: ([word]) => {
      const milliseconds = readDuration(word?.text ?? '');
      if (milliseconds === null) {
        throw new WrongLine(`"${word?.text ?? ''}" is no time: 30s, 10m, 2h, 7d or 1y`);
      }
      return milliseconds;
    },
  };
}

/** Why somebody is kept out; they are shown it. */
export const reason = shownText('reason', maxReason);

/** What everybody connected is told. */
export const noticeText = shownText('text', maxNotice);

/** Names of rooms to be made. */
export const newRooms: Parameter<string[]> = {
  ...roomList('nothing'),
  read: (words) => {
    const rooms = readList(words).map((given) => {
      const room = readRoomName(given);
      if (!room.ok) throw new WrongLine(`"${given}" cannot be a room's name: ${room.problem}`);
      return room;
    });
    if (new Set(rooms.map(({ key }) => key)).size < rooms.length) {
      throw new WrongLine('a room is named twice');
    }
    return rooms.map(({ name }) => name);
  },
};

/** Names or ids of rooms that somebody waits for. */
export const waitedForRooms: Parameter<string[]> = roomList('pending rooms');

/** A path, as it was typed. */
export const file: Parameter<string> = {
  placeholder: 'file',
  takes: 'one',
  offer: 'nothing',
  read: ([word]) => {
    const text = word?.text ?? '';
    if (text === '' || text.includes('\0')) throw new WrongLine('that is no file name');
    return text;
  },
};

/** A whole number from 1 on that may be left out. */
export function count(placeholder: string, fallback: number, most: number): Parameter<number> {
  return {
    placeholder,
    takes: 'may',
    offer: 'nothing',
    read: ([word]) => {
      if (word === undefined) return fallback;
      const number = /^\d{1,9}$/.test(word.text) ? Number(word.text) : 0;
      if (number < 1 || number > most) throw new WrongLine(`${placeholder}: a number from 1 to ${most}`);
      return number;
    },
  };
}

function roomList(offer: Offer): Parameter<string[]> {
  return { placeholder: 'room1,room2,...', takes: 'rest', offer, read: readList };
}

function readList(words: readonly Word[]): string[] {
  // A shell leaves the space after a comma in its argument; no room's name has one at an end.
  const items = listOf(words)?.map((item) => item.trim()) ?? null;
  if (items === null || items.includes('')) {
    throw new WrongLine('separate rooms with commas, and put names with spaces or commas in quotes');
  }
  return items;
}

function shownText(placeholder: string, most: number): Parameter<string> {
  return {
    placeholder,
    takes: 'rest',
    offer: 'nothing',
    read: (words) => {
      const text = words
        .map((word) => word.text)
        .join(' ')
        .trim();
      if (text === '') throw new WrongLine(`the ${placeholder} is missing`);
      if (Array.from(text).length > most)
        throw new WrongLine(`the ${placeholder}: at most ${most} characters`);
      if (harmless(text) !== text)
        throw new WrongLine(`the ${placeholder} has a character that cannot be shown`);
      return text;
    },
  };
}
