import { type ConnectOptions, type LetterlockClient, connect } from '../../src/client/index.ts';
import { memoryPins } from '../../src/client/identity.ts';
import { emailOf, passwordOf } from '../support/sealed-client.ts';
import type { TestServer } from '../support/test-server.ts';

/** The server as it is now: a restart gives it another port, of which a client that is told its URL knows nothing. */
export interface Here {
  server: TestServer;
}

/** Where clients think the server is. */
const url = 'http://letterlock.test';

/** A fetch that finds the server wherever it is. */
export function fetchTo(here: Here): typeof fetch {
  return (input, init) => fetch(String(input).replace(url, here.server.url), init);
}

/** A client of the server with a new user, who logs in again by themselves. */
export async function newUser(
  here: Here,
  username: string,
  options: Partial<ConnectOptions> = {},
): Promise<LetterlockClient> {
  const password = passwordOf(username);
  const client = await connect({
    url,
    pins: memoryPins(),
    credentials: () => ({ username, password }),
    ...options,
    platform: { fetch: fetchTo(here), ...options.platform },
  });
  await client.register({ username, email: emailOf(username), password });
  return client;
}
