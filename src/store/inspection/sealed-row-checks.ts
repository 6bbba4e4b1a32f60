import { and, asc, eq, isNotNull, isNull } from 'drizzle-orm';
import { answerIdentity } from '../../core/idempotency.ts';
import { userKeyIdentity } from '../../core/user-keys/key-supply.ts';
import type { SealPurpose } from '../../crypto/at-rest.ts';
import { comesAfter, inPages } from '../queries/keyset.ts';
import type { Inspection } from './inspection.ts';

/** A row that is sealed straight under the master key. */
interface SealedRow {
  readonly sealed: Buffer | null;
  /** What it is sealed as. */
  readonly identity: string;
  /** What it is called in a sentence. */
  readonly label: string;
}

/** What is sealed straight under the master key opens, each row's as its own: all but data keys. */
export async function checkSealedRows(inspection: Inspection): Promise<void> {
  const { keys, findings } = inspection;
  if (keys === null) return;
  const check = (purpose: SealPurpose, subject: string, rows: AsyncIterable<SealedRow>): Promise<void> =>
    findings.attempt(subject, async () => {
      for await (const { sealed, identity, label } of rows) {
        if (sealed === null || keys.open(purpose, identity, sealed) !== null) continue;
        findings.add(`${label} does not open: it was altered, or belongs elsewhere.`);
      }
    });
  await check('user-key', 'the private keys of users', privateKeys(inspection));
  await check('session-key', 'the session keys', sessionKeyRows(inspection));
  await check('mail', 'the waiting mails', waitingMails(inspection));
  await check('idempotency', 'the kept answers', keptAnswers(inspection));
}

async function* privateKeys({ dialect: { database, tables } }: Inspection): AsyncIterable<SealedRow> {
  const { userKeys, users } = tables;
  const { userId, kid, sealedPrivateKey: sealed } = userKeys;
  const rows = inPages<{ userId: string; kid: string; username: string | null; sealed: Buffer | null }>(
    (last, limit) =>
      database
        .select({ userId, kid, sealed, username: users.username })
        .from(userKeys)
        .leftJoin(users, eq(users.id, userId))
        .where(
          and(
            isNotNull(sealed),
            last === null ? undefined : comesAfter([userId, kid], [last.userId, last.kid]),
          ),
        )
        .orderBy(asc(userId), asc(kid))
        .limit(limit),
  );
  for await (const row of rows) {
    const label = `The private key ${row.kid} of ${row.username ?? row.userId}`;
    yield { sealed: row.sealed, identity: userKeyIdentity(row.userId, row.kid), label };
  }
}

async function* sessionKeyRows({ dialect: { database, tables } }: Inspection): AsyncIterable<SealedRow> {
  const { sessionKeys, sessions, users } = tables;
  const { id, sealedKey: sealed } = sessionKeys;
  const rows = inPages<{ id: string; username: string | null; sealed: Buffer }>((last, limit) =>
    database
      .select({ id, sealed, username: users.username })
      .from(sessionKeys)
      .leftJoin(sessions, eq(sessions.id, sessionKeys.sessionId))
      .leftJoin(users, eq(users.id, sessions.userId))
      .where(last === null ? undefined : comesAfter([id], [last.id]))
      .orderBy(asc(id))
      .limit(limit),
  );
  for await (const row of rows) {
    const label = `The session key ${row.id} of ${row.username ?? 'nobody'}`;
    yield { sealed: row.sealed, identity: row.id, label };
  }
}

async function* waitingMails({ dialect: { database, tables } }: Inspection): AsyncIterable<SealedRow> {
  const { id, sealedContent: sealed, settledAt } = tables.mails;
  const rows = inPages<{ id: string; sealed: Buffer }>((last, limit) =>
    database
      .select({ id, sealed })
      .from(tables.mails)
      .where(and(isNull(settledAt), last === null ? undefined : comesAfter([id], [last.id])))
      .orderBy(asc(id))
      .limit(limit),
  );
  for await (const row of rows) {
    yield { sealed: row.sealed, identity: row.id, label: `The waiting mail ${row.id}` };
  }
}

async function* keptAnswers({ dialect: { database, tables } }: Inspection): AsyncIterable<SealedRow> {
  const { scope, idem, sealedAnswer: sealed } = tables.idempotency;
  const rows = inPages<{ scope: string; idem: string; sealed: Buffer }>((last, limit) =>
    database
      .select({ scope, idem, sealed })
      .from(tables.idempotency)
      .where(last === null ? undefined : comesAfter([scope, idem], [last.scope, last.idem]))
      .orderBy(asc(scope), asc(idem))
      .limit(limit),
  );
  for await (const row of rows) {
    const label = `The answer kept for ${row.scope} under the idem ${row.idem}`;
    yield { sealed: row.sealed, identity: answerIdentity(row.scope, row.idem), label };
  }
}
