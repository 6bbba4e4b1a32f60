/** Who acts, for the audit log. */
export const consoleActor = 'console';
