import { hostname, networkInterfaces } from 'node:os';
import type { Config } from './config.ts';
import type { Logger } from './core/logger.ts';
import { type CertificateOptions, type KeyFolder, readCertificateAgain } from './store/key-folder.ts';

/** The names and addresses under which this machine may be reached, for a certificate of our own making. */
export function machineNames(): Pick<CertificateOptions, 'names' | 'addresses'> {
  const own = Object.values(interfaces()).flatMap((each) => each ?? []);
  // A link-local address is another one for each interface it is used on.
  const addresses = own.map(({ address }) => address).filter((address) => !address.startsWith('fe80'));
  return {
    names: [...new Set(['localhost', hostname()])],
    addresses: [...new Set(['127.0.0.1', '::1', ...addresses])],
  };
}

/** None where the system does not tell, as to who is kept from asking it by a sandbox. */
function interfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}

/**
 * Reads the certificate again and hands it to every listener, for connections to come: nobody is dropped. One that
 * cannot be used is complained of in the log, and the one in use stays.
 */
export function certificateReload(
  config: Config,
  logger: Logger,
  listeners: readonly { setCertificate(tls: KeyFolder['tls']): void }[],
): () => Promise<void> {
  return async () => {
    try {
      const tls = await readCertificateAgain({
        folder: config.folders.keys,
        ...machineNames(),
        now: Date.now(),
      });
      for (const listener of listeners) listener.setCertificate(tls);
      logger.info('the certificate was read again');
    } catch (error) {
      logger.error('the certificate was not read again, the one before stays', { error });
    }
  };
}
