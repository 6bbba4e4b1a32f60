/**
 * What somebody shows of their password: the password, or what their client made of it (GATEWAYS.md "One password, every
 * door").
 */
export type Secret =
  | { readonly kind: 'password'; readonly password: string }
  /** PBKDF2-HMAC-SHA-256 under the account's salt, 32 bytes. */
  | { readonly kind: 'preHash'; readonly preHash: Buffer };

/** The password itself. */
export function passwordSecret(password: string): Secret {
  return { kind: 'password', password };
}
