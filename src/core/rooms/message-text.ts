import { invalidField } from '../errors.ts';

/** Longest message, in bytes of UTF-8. */
export const maxMessageBytes = 64 * 1024;

/** Checks a message's text. @throws Refusal `invalid_input` */
export function checkMessageText(text: string): void {
  if (text === '') throw invalidField('message', 'is empty');
  if (text.length > maxMessageBytes || Buffer.byteLength(text) > maxMessageBytes) {
    throw invalidField('message', 'is over 64 KiB');
  }
  if (!text.isWellFormed()) throw invalidField('message', 'is not well-formed Unicode');
}
