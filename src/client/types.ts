/** A user, as the user sees themselves. Times are RFC 3339. */
export interface User {
  readonly id: string;
  readonly username: string;
  /** Null where the account was made without one. */
  readonly email: string | null;
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
  /** New addresses to which a link was mailed, as long as that is remembered; `ended_at` is null while one waits. */
  readonly email_links: readonly {
    readonly email: string;
    readonly expires_at: string;
    readonly ended_at: string | null;
  }[];
  /** Where the user was seen in the last week. */
  readonly addresses: readonly { readonly address: string; readonly seen_at: string }[];
  readonly rooms: readonly {
    readonly room: string;
    readonly room_name: string | null;
    readonly kind: string;
    readonly state: string;
    readonly role: string;
    readonly since: string;
    readonly read_seq: number;
  }[];
  /** What the user has sent: a part of it. */
  readonly messages: readonly {
    readonly room: string;
    readonly seq: number;
    readonly message: string | null;
    readonly at: string;
    readonly edited_at: string | null;
    readonly deleted: boolean;
  }[];
  /** What to ask for the next part with; null when this was the last. */
  readonly next: { readonly room: string; readonly seq: number } | null;
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
