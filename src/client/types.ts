/** A user, as the user sees themselves. Times are RFC 3339. */
export interface User {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly created_at: string;
  readonly role: 'user' | 'admin';
}

/** One place where the user is logged in. */
export interface SessionInfo {
  readonly session_id: string;
  readonly address: string;
  readonly client: string;
  readonly created_at: string;
  readonly last_used_at: string;
  /** Whether it is this client's. */
  readonly current: boolean;
}

export interface Me extends User {
  readonly key_ids: readonly string[];
  readonly sessions: readonly SessionInfo[];
}

/** A user's public key (RFC 7517). */
export interface PublicKeyJwk {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid: string;
  readonly alg: 'RSA-OAEP-256';
  readonly use: 'enc';
}

/** Everything the server keeps about the user. */
export interface AccountExport {
  readonly user: User;
  readonly sessions: readonly SessionInfo[];
  readonly keys: readonly (PublicKeyJwk & {
    readonly created_at: string;
    readonly private_key: string | null;
  })[];
  readonly pending_email: string | null;
}

/** A public key to bring along: a JWK, or PEM, or base64 of DER. */
export type OwnPublicKey = string | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

export interface Registration {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  /** Where the user keeps the private half. */
  readonly publicKey?: OwnPublicKey;
}

/** Who logs in, by address or by name. */
export type Credentials =
  | { readonly email: string; readonly password: string }
  | { readonly username: string; readonly password: string };

/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** 16 to 64 characters: the same change under the same `idem` is done once, over restarts of this program too. */
  readonly idem?: string;
}
