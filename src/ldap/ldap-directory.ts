import { randomUUID } from 'node:crypto';
import { type Entry, EqualityFilter } from 'ldapts';
import { BoundedQueue } from '../core/bounded-queue.ts';
import type { Directory, DirectoryAnswer } from '../core/accounts/directory.ts';
import type { Timers } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { foldName } from '../core/names/username.ts';
import { LdapConnection, type LdapServer } from './ldap-connection.ts';

export interface LdapDirectoryOptions extends LdapServer {
  /** Below which people are looked for by `uid`. */
  readonly baseDn: string;
  readonly timers: Timers;
  readonly logger: Logger;
  /** For all of one check: connecting, StartTLS, searching, binding. Default 5 s */
  readonly milliseconds?: number;
  /** Checks at once. Default 32; eight times as many may wait */
  readonly concurrency?: number;
}

/** Result codes by which a server says that this is not the person, or that they may not come in (RFC 4511 §4.1.9). */
const inappropriateAuthentication = 48;
const invalidCredentials = 49;
const insufficientAccessRights = 50;
const unwillingToPerform = 53;
const refusals: ReadonlySet<number> = new Set([
  inappropriateAuthentication,
  invalidCredentials,
  insufficientAccessRights,
  unwillingToPerform,
]);

/** People in an LDAP server: looked up by `uid`, and let in when the server lets them bind. */
export function createLdapDirectory(options: LdapDirectoryOptions): Directory {
  const { timers, logger, milliseconds = 5_000, concurrency = 32 } = options;
  const queue = new BoundedQueue({ concurrency, waiting: 8 * concurrency });
  return {
    check: async (uid, password) => {
      // A bind without a password succeeds for anybody (RFC 4513 §5.1.2).
      if (password === '') return 'wrong';
      const connection = new LdapConnection(options);
      let isOver = false;
      const question = queue
        .run(async () => (isOver ? 'unavailable' : ask(connection, options, uid, password)))
        .catch((error: unknown): DirectoryAnswer => {
          if (!isOver) logger.warn('the directory could not be asked', { error });
          return 'unavailable';
        });
      const deadline = new Promise<DirectoryAnswer>((resolve) => {
        const cancel = timers.setTimeout(() => {
          isOver = true;
          logger.warn('the directory did not answer in time', { milliseconds });
          resolve('unavailable');
        }, milliseconds);
        void question.then(cancel);
      });
      const answer = await Promise.race([question, deadline]);
      connection.destroy();
      return answer;
    },
  };
}

async function ask(
  connection: LdapConnection,
  { baseDn, logger }: LdapDirectoryOptions,
  uid: string,
  password: string,
): Promise<DirectoryAnswer> {
  const { client } = connection;
  await connection.secure();
  const { searchEntries } = await client.search(baseDn, {
    scope: 'sub',
    // Goes out as bytes beside the attribute's name: nothing in it is read as a filter.
    filter: new EqualityFilter({ attribute: 'uid', value: uid }),
    attributes: ['uid'],
    sizeLimit: 2,
  });
  const [entry, another] = searchEntries;
  if (another !== undefined) logger.warn('more than one entry has this uid: nobody is let in', { uid });
  const isFound = entry !== undefined && another === undefined && isCalled(entry, uid);
  // For nobody the same is done, so that the time does not tell who is in the directory.
  const dn = isFound ? entry.dn : `uid=${randomUUID()},${baseDn}`;
  try {
    await client.bind(dn, password);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (typeof code === 'number' && refusals.has(code)) return 'wrong';
    throw error;
  }
  return isFound ? 'right' : 'wrong';
}

/** A server may find more to be equal than core does, and two names must not open one account. */
function isCalled({ dn, uid: values }: Entry, uid: string): boolean {
  const names = Array.isArray(values) ? values : [values];
  return dn !== '' && names.some((name) => typeof name === 'string' && foldName(name) === foldName(uid));
}
