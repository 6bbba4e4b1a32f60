/** The content encryptions of sealed payloads (RFC 7518 §5.3, §5.2.5). */
export type ContentEncryption = 'A256GCM' | 'A256CBC-HS512';
