import type { Caller } from '../../core/caller.ts';
import { Refusal, invalidField } from '../../core/errors.ts';
import type { FrameData, FrameType } from './codec.ts';
import { readPassword, saltAnswer, saltQuestion } from './password-forms.ts';
import type { FramesParts, Seat } from './seat.ts';

/** What a command may do with its connection. */
export interface Conversation {
  readonly parts: FramesParts;
  /** Canonical. */
  readonly address: string;
  send(type: FrameType, data: FrameData): void;
  /** Seats somebody who has shown who they are. @throws Refusal */
  enter(login: string, password: string): Promise<void>;
  /** Gives somebody who registers more time. */
  allowRegistration(): void;
  /** Sends what waits, and closes. */
  end(): void;
}

/** A type that clients send: when it is in place, what it needs, and what is done. */
export type Command =
  | {
      readonly when: 'before login';
      /** Members that have to be there, and texts. */
      readonly fields: readonly string[];
      readonly run: (conversation: Conversation, fields: Fields) => Promise<void>;
    }
  | { readonly when: 'always'; readonly fields: readonly string[]; readonly run: Run }
  | {
      readonly when: 'after login';
      readonly fields: readonly string[];
      readonly run: (conversation: Conversation, fields: Fields, seat: Seat) => Promise<void>;
    };

type Run = (conversation: Conversation, fields: Fields) => Promise<void>;

/** The texts of a frame, by name; '' for one that is not needed and not there. */
export type Fields = (name: string) => string;

/** Longest name for which a salt is looked up or made up. */
const maxLogin = 200;

/** Everything that clients may send (GATEWAYS.md "One password, every door", and the table of its section `frames`). */
export const commands: Readonly<Partial<Record<FrameType, Command>>> = {
  LOG: {
    when: 'before login',
    fields: ['login', 'password'],
    run: async (conversation, field) => {
      const login = field('login');
      const password = field('password');
      if (password !== saltQuestion) return conversation.enter(login, password);
      const salt = await conversation.parts.core.saltOf(login.slice(0, maxLogin));
      conversation.send('LOG', { login: login.slice(0, maxLogin), password: saltAnswer(salt) });
    },
  },
  REG: {
    when: 'before login',
    fields: ['login', 'password', 'email'],
    run: async (conversation, field) => {
      conversation.allowRegistration();
      const { secret, salt } = readPassword(field('password'));
      await conversation.parts.core.createAccount(conversation.address, {
        username: field('login'),
        email: field('email'),
        secret,
        ...(salt === null ? {} : { salt }),
      });
      conversation.send('ACK', { msg: 'The account is made: log in' });
    },
  },
  FRP: {
    when: 'always',
    fields: ['login'],
    run: async (conversation, field) => {
      const { core, sendsLinks, logger } = conversation.parts;
      try {
        if (sendsLinks) await core.requestResetLink(conversation.address, field('login'));
      } catch (error) {
        // The answer is the same whatever becomes of it, and tells nothing of the account.
        if (!(error instanceof Refusal)) logger.error('a link could not be queued', { error });
      }
      conversation.send('ACK', { msg: 'If there is an address for this name, a mail is on its way' });
    },
  },
  UPD: {
    when: 'after login',
    fields: [],
    run: async (_conversation, field, seat) => {
      const receiver = field('reciever');
      await seat.lookAt(receiver === '' ? null : receiver);
    },
  },
  MSG: {
    when: 'after login',
    fields: ['reciever', 'msg'],
    run: async (_conversation, field, seat) => seat.say(field('reciever'), field('msg')),
  },
  CHP: {
    when: 'after login',
    fields: ['password'],
    run: async (conversation, field, seat) => {
      const { secret, salt } = readPassword(field('password'));
      await conversation.parts.core.setPassword(seat.user, secret, salt ?? undefined);
      conversation.send('ACK', { msg: 'The password is changed' });
    },
  },
  CHM: {
    when: 'after login',
    fields: ['email'],
    run: async (conversation, field, seat) => {
      const { core, sendsLinks } = conversation.parts;
      if (!sendsLinks) throw new Refusal('forbidden', { detail: 'This server mails no links' });
      await core.requestEmailLink(seat.user satisfies Caller, field('email'));
      conversation.send('ACK', { msg: 'The address changes when the link in the mail to it is opened' });
    },
  },
  DEL: {
    when: 'after login',
    fields: [],
    run: async (conversation, _field, seat) => {
      await conversation.parts.core.deleteOwnAccount(seat.user);
      conversation.send('ACK', { msg: 'The account is deleted' });
      conversation.end();
    },
  },
  DIS: { when: 'always', fields: [], run: async (conversation) => conversation.end() },
};

/** Reads the texts of a frame. @throws Refusal `invalid_input` where a needed one is not there or no text */
export function fieldsOf(data: FrameData, needed: readonly string[]): Fields {
  const text = (name: string): string | null => {
    const value = Object.hasOwn(data, name) ? data[name] : null;
    if (value === null || value === undefined) return null;
    if (typeof value !== 'string') throw invalidField(name, 'is no text');
    return value;
  };
  for (const name of needed) {
    if (text(name) === null) throw invalidField(name, 'is missing');
  }
  return (name) => text(name) ?? '';
}
