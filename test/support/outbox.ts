import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import PostalMime from 'postal-mime';

/** Texts of the mails to the address that were written to the folder, oldest first. */
export async function mailsTo(outbox: string, address: string): Promise<string[]> {
  const texts: string[] = [];
  for (const file of list(outbox)) {
    const mail = await PostalMime.parse(readFileSync(path.join(outbox, file)));
    if (mail.to?.some((each) => each.address === address)) texts.push(mail.text ?? '');
  }
  return texts;
}

/** Files in the order in which they were written. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.eml'))
      .map((file) => ({ file, at: statSync(path.join(folder, file), { bigint: true }).mtimeNs }))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ file }) => file);
  } catch {
    return [];
  }
}
