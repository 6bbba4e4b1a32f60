import { setImmediate } from 'node:timers/promises';
import type { Moderation } from '../../core/moderation/moderation.ts';
import type { AuditReads, AuditRow } from '../../core/moderation-store.ts';
import type { Reader } from '../../core/store.ts';
import { auditDetails, findBrokenAudit } from '../../core/transactions/audit.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { count } from '../parameters.ts';
import { type Outcome, counted, done, isoTime, moment, sentence, table } from '../report.ts';

/** Entries that are shown when no number is given, and at most. */
const usualEntries = 20;
const maxEntries = 1000;

export function auditCommands(parts: {
  read: Reader;
  atRest: AtRestKeys;
  moderation: Moderation;
}): Command[] {
  const { read, atRest, moderation } = parts;
  return [
    command({
      name: 'audit',
      summary: 'display the newest entries of the audit log, and verify all of it',
      parameters: { entries: count('entries', usualEntries, maxEntries) },
      run: async ({ entries }) => {
        const rows = (await read.audit.before(Number.MAX_SAFE_INTEGER, entries)).reverse();
        const actors = await read.users.usernames([...new Set(rows.map(({ actor }) => actor))]);
        const broken = await findBrokenAudit(takingTurns(read.audit), atRest);
        const total = (await read.audit.last())?.seq ?? 0;
        return auditOutcome({ rows, actors, broken, total });
      },
    }),
    command({
      name: 'undo',
      summary: 'take back the last action of the console that can be',
      parameters: {},
      run: async () => {
        const { action, target } = await moderation.undo(consoleActor);
        return done({ action, target }, sentence(`Taken back: ${action} ${target}`, 'good'));
      },
    }),
  ];
}

function auditOutcome({
  rows,
  actors,
  broken,
  total,
}: {
  rows: readonly AuditRow[];
  actors: ReadonlyMap<string, string>;
  broken: number | null;
  total: number;
}): Outcome {
  const entries = rows.map((row) => ({
    seq: row.seq,
    at: row.at,
    actor: actors.get(row.actor) ?? row.actor,
    action: row.action,
    target: row.target,
    facts: factsOf(row),
  }));
  const verdict =
    broken === null
      ? sentence(`${counted(total, 'entry').replace('entrys', 'entries')}; the chain is whole.`, 'good')
      : sentence(
          `Entry ${broken} does not fit the one before it: the log was changed outside of the server.`,
          'bad',
        );
  return {
    result: broken === null ? 'done' : 'failed',
    data: {
      entries: entries.map((entry) => ({ ...entry, at: isoTime(entry.at) })),
      total,
      whole: broken === null,
      first_broken: broken,
    },
    blocks: [
      table(
        ['#no.', 'at', 'by', 'action', 'on', 'more'],
        entries.map(({ seq, at, actor, action, target, facts }) => [
          seq,
          moment(at),
          actor,
          action,
          target,
          Object.entries(facts)
            .map(([name, value]) => `${name}: ${String(value)}`)
            .join('; '),
        ]),
      ),
      verdict,
    ],
  };
}

/** What is worth reading in an entry's details; a row that was meddled with may hold anything. */
function factsOf(row: AuditRow): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  try {
    for (const [name, value] of Object.entries(auditDetails(row))) {
      if (name === 'until' && typeof value === 'number') facts[name] = isoTime(value) ?? '';
      else if (typeof value === 'string' || typeof value === 'number') facts[name] = value;
    }
  } catch {
    facts['details'] = 'not readable';
  }
  return facts;
}

/** The same log, read so that others have their turn between two pages. */
function takingTurns(reads: AuditReads): AuditReads {
  return {
    last: () => reads.last(),
    before: (seq, limit) => reads.before(seq, limit),
    after: async (seq, limit) => {
      await setImmediate();
      return reads.after(seq, limit);
    },
  };
}
