import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Config, ConfigError } from './config.ts';
import { isLoopback } from './config-listeners.ts';
import type { Directory } from './core/accounts/directory.ts';
import type { Timers } from './core/clock.ts';
import type { Logger } from './core/logger.ts';
import { createLdapDirectory } from './ldap/ldap-directory.ts';

/** The directory that the configuration names; null where it names none. @throws ConfigError for an `LDAP_CA` that is none */
export function openDirectory(config: Config, logger: Logger, timers: Timers): Directory | null {
  if (config.ldap === null) return null;
  const { url, baseDn, startTls, caFile } = config.ldap;
  const { protocol, hostname } = new URL(url);
  const host = hostname.replaceAll(/[[\]]/g, '');
  if (protocol === 'ldap:' && !startTls && !isLoopback({ host })) {
    logger.warn('LDAP_URL: what is said there travels in the clear, passwords too', { host });
  }
  const ca = caFile === null ? null : readCertificate(caFile);
  return createLdapDirectory({ url, baseDn, startTls, ca, timers, logger: logger.child('ldap') });
}

function readCertificate(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    // Throws for what is none; a handshake would only fail, and not say why.
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`LDAP_CA=${JSON.stringify(file)} is no certificate that can be read: ${problem}`]);
  }
}
