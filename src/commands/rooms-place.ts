import { isIPv6 } from 'node:net';
import { parseArgs } from 'node:util';
import { type Environment, loadConfig } from '../config.ts';

/** Where `rooms` listens that was switched off, and is asked for on the command line. */
const usualPlace = { secure: false, host: '127.0.0.1', port: 4000 };

/** Words after `letterlock` that are no command, and are not understood either. */
export class WrongPlace extends Error {
  constructor(problem: string) {
    super(`${problem}; usage: letterlock -a <address> -p <port>`);
    this.name = 'WrongPlace';
  }
}

/**
 * The environment with the place where clients of the `rooms` kind come in taken from the command line: `-a <address>`
 * and `-p <port>`, both or either, go before `LISTEN_ROOMS`, which keeps the other half and how it is secured.
 *
 * @throws WrongPlace, or ConfigError where the environment is wrong by itself
 */
export function withRoomsPlace(environment: Environment, line: readonly string[]): Environment {
  const { address, port } = readLine(line);
  if (address === undefined && port === undefined) return environment;
  if (address !== undefined && !isIPv6(address) && !/^[A-Za-z0-9.-]+$/.test(address)) {
    throw new WrongPlace('-a takes an address or a host name');
  }
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw new WrongPlace('-p takes a port, 0 to 65535');
  }
  const configured = loadConfig(environment).gateways.rooms ?? usualPlace;
  const host = address ?? configured.host;
  const scheme = configured.secure ? 'tls' : 'tcp';
  const place = `${isIPv6(host) ? `[${host}]` : host}:${port ?? configured.port}`;
  return { ...environment, LISTEN_ROOMS: `${scheme}://${place}` };
}

function readLine(line: readonly string[]): { address?: string | undefined; port?: string | undefined } {
  try {
    const options = {
      address: { type: 'string', short: 'a' },
      port: { type: 'string', short: 'p' },
    } as const;
    return parseArgs({ args: [...line], options }).values;
  } catch {
    throw new WrongPlace('these words are not understood');
  }
}
