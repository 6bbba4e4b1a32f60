import type { AddressRanges } from '../../core/addresses.ts';
import type { Core } from '../../core/core.ts';
import type { Logger } from '../../core/logger.ts';
import { type Listener, listen } from '../listener.ts';
import { resetApp } from './app.ts';

/** Serves the pages that links in mails lead to. @throws the listener's system error */
export async function openResetPages(
  where: { readonly secure: boolean; readonly host: string; readonly port: number },
  parts: {
    readonly core: Core;
    readonly logger: Logger;
    readonly trustProxy: AddressRanges;
    readonly tls: { readonly keyPem: string; readonly certificatePem: string };
  },
): Promise<Listener> {
  return listen({
    fetch: resetApp(parts).fetch,
    host: where.host,
    port: where.port,
    tls: where.secure ? parts.tls : null,
    logger: parts.logger,
  });
}
