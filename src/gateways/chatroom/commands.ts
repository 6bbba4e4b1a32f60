import type { Conversation } from './conversation.ts';
import { enterAsGuest, logIn, register, tellSalt } from './entering.ts';
import type { Member } from './member.ts';
import type { Request, RequestType } from './requests.ts';
import { disconnect, listUsers, say, setTyping } from './talking.ts';

/** How a request is served, and to whom. */
type Command<Asked> =
  | {
      readonly for: 'anybody';
      readonly run: (conversation: Conversation, request: Asked) => Promise<void> | void;
    }
  /** Under their own name; to all others it is as if there were no such type. */
  | {
      readonly for: 'members';
      readonly run: (conversation: Conversation, member: Member, request: Asked) => Promise<void>;
    };

/** Everything a client can ask for. */
const commands: { readonly [Type in RequestType]: Command<Request & { readonly type: Type }> } = {
  guest: { for: 'anybody', run: enterAsGuest },
  salt: { for: 'anybody', run: tellSalt },
  register: { for: 'anybody', run: register },
  login: { for: 'anybody', run: logIn },
  disconnect: { for: 'anybody', run: disconnect },
  message: { for: 'members', run: say },
  userlist: { for: 'members', run: listUsers },
  typing: { for: 'members', run: setTyping },
};

/** How the request is served. */
export function commandFor(request: Request): Command<Request> {
  return commands[request.type] as Command<Request>;
}
