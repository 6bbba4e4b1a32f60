import { createRequire } from 'node:module';
import { foldName } from './username.ts';

const require = createRequire(import.meta.url);
interface LanguagePackage {
  readonly dictionary: Readonly<Record<string, readonly string[]>>;
}

/** Shortest password, in characters (code points). */
const minCharacters = 10;
/** Longest password, in bytes of UTF-8. */
const maxBytes = 1024;
/** Names shorter than this may stand in a password: they stand in too many. */
const minNameLength = 4;
/** Repeating something shorter than this is common, whatever it is. */
const minUnitLength = 4;
/** What people put after a common password to make it another one: digits and signs, a year with a mark or two. */
const appendage = /[^\p{L}]{1,6}$/u;

/** What is wrong with a new password of this person, or null. */
export type PasswordRule = (
  password: string,
  about: { username: string; email: string | null },
) => string | null | Promise<string | null>;

let commonPasswords: Promise<ReadonlySet<string>> | null = null;

/**
 * Loads the list of some 49,000 common passwords, in lower case, once. It takes the event loop for about 25 ms, so who
 * starts the server does it ahead of the first registration.
 */
export function loadCommonPasswords(): Promise<ReadonlySet<string>> {
  // Required, not imported: which names a CommonJS module exports is guesswork for `import`, which may miss some.
  commonPasswords ??= Promise.resolve(require('@zxcvbn-ts/language-common') as LanguagePackage).then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  );
  return commonPasswords;
}

/**
 * What is wrong with a new password, or null: at least 10 characters, at most 1,024 bytes, not a common one, not
 * containing the username, the address or its local part. Without regard to case. There are no rules about kinds of
 * characters: they make passwords harder to remember rather than to guess (NIST SP 800-63B §3.1.1.2).
 */
export async function checkNewPassword(
  password: string,
  about: { username: string; email: string | null },
): Promise<string | null> {
  if (password.length > maxBytes || Buffer.byteLength(password) > maxBytes) return 'at most 1,024 bytes';
  if (!password.isWellFormed()) return 'not well-formed Unicode';
  if (Array.from(password).length < minCharacters) return 'at least 10 characters';
  const folded = foldName(password);
  const email = about.email ?? '';
  const names = [about.username, email, email.slice(0, Math.max(0, email.lastIndexOf('@')))].map(foldName);
  if (names.some((name) => Array.from(name).length >= minNameLength && folded.includes(name))) {
    return 'it contains the username or the address';
  }
  return isCommon(folded, await loadCommonPasswords()) ? 'it is too common a password' : null;
}

/** Whether it is on the list as it is, followed by a few digits and signs, or repeated. */
function isCommon(folded: string, common: ReadonlySet<string>): boolean {
  const unit = repeatedUnit(folded);
  return (
    unit.length < minUnitLength ||
    [folded, folded.replace(appendage, ''), unit].some((each) => common.has(each))
  );
}

/** The shortest text of which this one is a repetition: itself, mostly. */
function repeatedUnit(text: string): string {
  return text.slice(0, `${text}${text}`.indexOf(text, 1));
}
