/** Longest password, in bytes; all of them are ASCII. As everywhere. */
const maxBytes = 1024;

const allowed = /^[A-Za-z0-9@$!%*?&_]{8,}$/;
const needed = [/[a-z]/, /[A-Z]/, /[0-9]/, /[@$!%*?&_]/];

/** What people with these clients know as a good password: their clients check it too, before they ask. */
export function checkVwsPassword(password: string): string | null {
  if (password.length > maxBytes) return 'at most 1,024 bytes';
  if (!allowed.test(password)) return 'at least 8 of A-Z, a-z, 0-9 and @$!%*?&_, and nothing else';
  return needed.every((kind) => kind.test(password))
    ? null
    : 'a lower-case and an upper-case letter, a digit and one of @$!%*?&_';
}
