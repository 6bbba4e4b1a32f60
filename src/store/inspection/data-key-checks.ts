import { and, asc, count, isNotNull, notInArray } from 'drizzle-orm';
import type { DataKeyUse } from '../../core/maintenance.ts';
import { dataKeyBytes } from '../../crypto/message-body.ts';
import { keyUse } from '../queries/counting.ts';
import { counted } from './findings.ts';
import type { Inspection } from './inspection.ts';

/**
 * Opens every data key, and looks whether each message has one.
 *
 * @returns the keys that open, by version
 */
export async function checkDataKeys(inspection: Inspection): Promise<ReadonlyMap<number, Buffer>> {
  const { dialect, findings } = inspection;
  const opened = new Map<number, Buffer>();
  await findings.attempt('the data keys', async () => {
    const { version, sealedKey } = dialect.tables.dataKeys;
    const rows = await dialect.database.select({ version, sealedKey }).from(dialect.tables.dataKeys);
    const sealedKeys = new Map(rows.map((row) => [row.version, row.sealedKey]));
    const uses = await keyUse(dialect);
    for (const use of uses) {
      const key = checkDataKey(inspection, use, sealedKeys.get(use.version) ?? null);
      if (key !== null) opened.set(use.version, key);
    }
    if (uses.length > 0 && uses.at(-1)?.retiredAt !== null) {
      findings.add('The newest data key is retired, so that no message can be stored.');
    }
    await checkStrays(inspection);
  });
  return opened;
}

/** One key, and whether it is what its row says of it. Returns it where it opens. */
function checkDataKey(
  { keys, findings }: Inspection,
  { version, retiredAt, messages }: DataKeyUse,
  sealedKey: Buffer | null,
): Buffer | null {
  const hanging = `${counted(messages, 'message')} under it`;
  if (retiredAt !== null && messages > 0) {
    findings.add(`Data key ${version} is retired, but there are ${hanging}.`);
  }
  if (retiredAt !== null && sealedKey !== null) {
    findings.add(`Data key ${version} is retired, but was not wiped.`);
  }
  if (retiredAt === null && sealedKey === null) {
    findings.add(`Data key ${version} is gone without having been retired: there are ${hanging}.`);
  }
  if (keys === null || sealedKey === null) return null;
  const key = keys.open('data-key', String(version), sealedKey);
  if (key?.length === dataKeyBytes) return key;
  findings.add(`Data key ${version} does not open under the master key: there are ${hanging}.`);
  return null;
}

/** Messages under a key that was never there. */
async function checkStrays({ dialect, findings }: Inspection): Promise<void> {
  const { dataKeys, messages } = dialect.tables;
  const known = dialect.database.select({ version: dataKeys.version }).from(dataKeys);
  const strays = await dialect.database
    .select({ version: messages.keyVersion, messages: count() })
    .from(messages)
    .where(and(isNotNull(messages.keyVersion), notInArray(messages.keyVersion, known)))
    .groupBy(messages.keyVersion)
    .orderBy(asc(messages.keyVersion));
  for (const stray of strays) {
    findings.add(
      `${counted(stray.messages, 'message')} under data key ${stray.version}, which is not there.`,
    );
  }
}
