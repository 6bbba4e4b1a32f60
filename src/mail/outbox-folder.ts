import { mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import nodemailer from 'nodemailer';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { MailTransport } from '../core/mail/mail-transport.ts';
import { messageOptions } from './message-options.ts';

const sender = { name: 'Letterlock', address: 'letterlock@localhost' };

/** Without a mail server: every mail becomes an `.eml` file, readable by the owner only; the log says where. */
export function createOutboxFolder(options: { folder: string; clock: Clock; logger: Logger }): MailTransport {
  const { folder, clock, logger } = options;
  const builder = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  return {
    send: async (message) => {
      try {
        const built = await builder.sendMail(messageOptions(message, sender));
        const time = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-');
        const file = path.join(folder, `${time}-${message.id}.eml`);
        await writeWhole(file, built.message as Buffer);
        logger.info('mail written, as there is no mail server', { file });
        return { accepted: true };
      } catch (error) {
        logger.error('the outbox folder cannot be written', { folder, error });
        return { accepted: false, permanent: false, reason: 'the outbox folder cannot be written' };
      }
    },
    close: async () => builder.close(),
  };
}

/** Under another name first, so that nobody reads half a mail. */
async function writeWhole(file: string, content: Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
