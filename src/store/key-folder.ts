import { X509Certificate, randomBytes } from 'node:crypto';
import {
  constants,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { masterKeyBytes } from '../crypto/at-rest.ts';
import { createSelfSignedCertificate, ownIssuer } from '../crypto/certificate.ts';
import { createIdentityPem } from '../crypto/identity.ts';

/** Something about the keys that an admin has to mend. The message is a sentence for them. */
export class KeyFolderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'KeyFolderError';
  }
}

export interface KeyFolderOptions {
  readonly folder: string;
  /** A new master key beside an old database would lock everything in it away for good. */
  readonly databaseExists: boolean;
  /** Names and addresses that a certificate of our own making is good for. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly warn: (message: string) => void;
}

export interface KeyFolder {
  readonly masterKey: Buffer;
  readonly identityPem: string;
  readonly tls: { readonly keyPem: string; readonly certificatePem: string };
}

const certificateYears = 10;
const renewalMilliseconds = 30 * 24 * 60 * 60 * 1000;

/**
 * Reads the key folder, and makes what is missing at first start: `master.key` (32 bytes), `identity.pem` (Ed25519),
 * `tls.key` and `tls.crt`, readable by their owner only.
 *
 * @throws KeyFolderError
 */
export async function openKeyFolder(options: KeyFolderOptions): Promise<KeyFolder> {
  const { folder, warn } = options;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const master = path.join(folder, 'master.key');
    let masterKey = read(master);
    if (masterKey === null) {
      if (options.databaseExists) {
        throw new KeyFolderError(
          `There is a database, but no ${master}: put the key it was written with there. A new one would not open it.`,
        );
      }
      masterKey = create(master, randomBytes(masterKeyBytes));
    }
    checkMasterKey(masterKey, master);
    const identity = path.join(folder, 'identity.pem');
    const identityPem = (read(identity) ?? create(identity, Buffer.from(createIdentityPem()))).toString();
    const tls = await certificate(options);
    for (const secret of [master, identity, path.join(folder, 'tls.key')]) warnIfOpen(secret, warn);
    return { masterKey, identityPem, tls };
  } catch (error) {
    if (error instanceof KeyFolderError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyFolderError(`The key folder ${folder} cannot be used: ${reason}.`);
  }
}

/** What the certificate in the key folder is read with. */
export type CertificateOptions = Pick<KeyFolderOptions, 'folder' | 'names' | 'addresses' | 'now'>;

/**
 * Reads the certificate of the key folder again, for who has put another one there. One of our own making that nears its
 * end is renewed.
 *
 * @throws KeyFolderError when it cannot be used
 */
export async function readCertificateAgain(options: CertificateOptions): Promise<KeyFolder['tls']> {
  try {
    const tls = await certificate(options);
    // A key that does not belong to it shows here, and not at the next connection.
    createSecureContext({ key: tls.keyPem, cert: tls.certificatePem });
    return tls;
  } catch (error) {
    if (error instanceof KeyFolderError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyFolderError(`The certificate in ${options.folder} cannot be used: ${reason}.`);
  }
}

/**
 * Reads the master key and makes nothing; null where there is none.
 *
 * @throws KeyFolderError when it cannot be read, or is none
 */
export function readMasterKey(folder: string): Buffer | null {
  const file = path.join(folder, 'master.key');
  let masterKey: Buffer | null;
  try {
    masterKey = read(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyFolderError(`The file ${file} cannot be read: ${reason}.`);
  }
  if (masterKey !== null) checkMasterKey(masterKey, file);
  return masterKey;
}

function checkMasterKey(masterKey: Buffer, file: string): void {
  if (masterKey.length !== masterKeyBytes) {
    throw new KeyFolderError(`The file ${file} has not 32 bytes: it is damaged, or no master key.`);
  }
}

/** The admin's own certificate as it is; one of our own making is renewed when it nears its end. */
async function certificate({ folder, names, addresses, now }: CertificateOptions): Promise<KeyFolder['tls']> {
  const keyFile = path.join(folder, 'tls.key');
  const certificateFile = path.join(folder, 'tls.crt');
  const key = read(keyFile);
  const held = read(certificateFile);
  if (key !== null && held !== null && !needsRenewal(held, now)) {
    return { keyPem: key.toString(), certificatePem: held.toString() };
  }
  if ((key === null) !== (held === null)) {
    const [there, missing] = key === null ? ['tls.crt', 'tls.key'] : ['tls.key', 'tls.crt'];
    // A crash between the two files leaves a key alone, which nobody has used yet.
    if (there === 'tls.crt') throw new KeyFolderError(`In ${folder} there is ${there} but no ${missing}.`);
  }
  const made = await createSelfSignedCertificate({
    names,
    addresses,
    now,
    years: certificateYears,
  });
  for (const file of [keyFile, certificateFile]) remove(file);
  create(keyFile, Buffer.from(made.keyPem));
  create(certificateFile, Buffer.from(made.certificatePem));
  return made;
}

function needsRenewal(pem: Buffer, now: number): boolean {
  const held = new X509Certificate(pem);
  return held.issuer.includes(ownIssuer) && Date.parse(held.validTo) - now < renewalMilliseconds;
}

function read(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a new file whole or not at all: under another name first, on the disk before it gets its own. */
function create(file: string, content: Buffer): Buffer {
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  const handle = openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  // Unlike renaming, linking fails where another process was faster.
  linkSync(draft, file);
  unlinkSync(draft);
  const folder = openSync(path.dirname(file), constants.O_RDONLY);
  fsyncSync(folder);
  closeSync(folder);
  return content;
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

function warnIfOpen(file: string, warn: (message: string) => void): void {
  if ((statSync(file).mode & 0o077) !== 0) warn(`${file} can be read by others than its owner: chmod 600 it`);
}
