const reads: ReadonlySet<string> = new Set([
  '/me',
  '/decrypt',
  '/export_account',
  '/list_sessions',
  '/list_messages',
  '/list_rooms',
  '/list_members',
  '/list_users',
  // Forgotten after seconds: saying it again is never wrong.
  '/set_typing',
  '/events',
]);

/** Whether nothing is changed by it for certain. Whatever is unknown here counts as a change. */
export function isRead(path: string): boolean {
  return reads.has(path) || /^\/(encrypt|public_key)\/[^/]+$/.test(path);
}

/** Log a session in. */
export const entering: ReadonlySet<string> = new Set([
  '/login_user',
  '/register_user',
  '/final_forgot_password',
]);

/** Go on with what was begun in the same session, and mean nothing in another. */
export const boundToSession: ReadonlySet<string> = new Set([
  '/confirm_forgot_password',
  '/final_forgot_password',
]);

/** Changes that may be made twice: nothing is gained or lost by it. */
export const repeatable: ReadonlySet<string> = new Set(['/login_user', '/forgot_password', '/logout']);
