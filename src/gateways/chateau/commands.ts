import { type ErrorCode, Refusal } from '../../core/errors.ts';
import { addresseeNamed, idsOfOnline } from './addressees.ts';
import { type ChateauAnswer, errorAnswer, failures } from './answers.ts';
import type { ChateauRequest } from './codec.ts';
import { type Entrant, enter } from './entry.ts';
import { entryOf, messageOf, shownName } from './event-form.ts';
import type { ChateauSession, Outcome } from './session.ts';

/** The seed's numbers for what core refuses; the generic one for the rest. */
type Numbers = Partial<Record<ErrorCode, number>>;

/** What is known of a request before it is looked into, and what serves it. Both throw what core refuses. */
export type Command<Request> =
  | {
      readonly kind: 'entry';
      readonly numbers: (request: Request) => Numbers;
      readonly serve: (session: ChateauSession, request: Request) => Promise<Outcome>;
    }
  | {
      readonly kind: 'registered';
      /** The number for who has not registered. */
      readonly otherwise: number;
      readonly numbers: (request: Request) => Numbers;
      readonly serve: (session: ChateauSession, request: Request, entrant: Entrant) => Promise<Outcome>;
    };

type Commands = {
  readonly [Type in ChateauRequest['type']]: Command<Extract<ChateauRequest, { readonly type: Type }>>;
};

const { generic, notAllowed, nameTaken, nobodyThere } = failures;
const messageSent: ChateauAnswer = { type: 'MessageSendResponse', status: 200 };

/** Everything that can be asked for. */
export const commands: Commands = {
  RegisterRequest: {
    kind: 'entry',
    numbers: ({ auth }) => ({
      username_taken: nameTaken,
      // Of a name that is not looked up in the directory, a wrong password says that it is somebody else's.
      wrong_credentials: auth ? notAllowed : nameTaken,
    }),
    serve: async (session, request) => {
      if (session.entrant !== null) return { answer: errorAnswer(nameTaken) };
      await enter(session, request);
      return { answer: { type: 'RegisterResponse', status: 200 } };
    },
  },

  GroupMessageInitRequest: {
    kind: 'registered',
    otherwise: notAllowed,
    numbers: () => ({ room_taken: notAllowed, user_unknown: nobodyThere }),
    serve: async ({ parts }, { recipients, chatname, content }, { user }) => {
      const memberIds = await idsOfOnline(parts, user, recipients);
      const made = await parts.core.createGroup(user, { name: chatname, memberIds, text: content });
      const roomId = made.changes[0]?.roomId ?? '';
      const said = [entryOf(roomId), messageOf(roomId, made.message?.seq ?? 0)];
      return { answer: { type: 'GroupMessageInitResponse', status: 200 }, said };
    },
  },

  GroupMessageRequest: {
    kind: 'registered',
    otherwise: generic,
    numbers: () => ({}),
    serve: async ({ parts }, { recipient, content }, { user }) => {
      const addressee = await addresseeNamed(parts, user, recipient);
      const { roomId, seq } = await parts.core.sendMessage(user, addressee, content);
      return { answer: messageSent, said: [messageOf(roomId, seq)] };
    },
  },

  RandomMessageRequest: {
    kind: 'registered',
    otherwise: notAllowed,
    numbers: () => ({ user_unknown: nobodyThere }),
    serve: async ({ parts }, { content }, { user }) => {
      const name = await parts.core.someoneOnline(user);
      if (name === null) throw new Refusal('user_unknown');
      const client = shownName(name);
      const { roomId, seq } = await parts.core.sendMessage(user, { to: client, atRandom: true }, content);
      return {
        answer: { type: 'RandomMessageResponse', status: 200, client },
        said: [messageOf(roomId, seq)],
      };
    },
  },

  ClientListRequest: {
    kind: 'registered',
    otherwise: notAllowed,
    numbers: () => ({}),
    serve: async ({ parts }, _request, { user }) => {
      const clients = (await parts.core.onlineUsernames(user)).map(shownName);
      return { answer: { type: 'ClientListResponse', status: 200, clients } };
    },
  },
};
