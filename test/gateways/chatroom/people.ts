import { ManualClock } from '../../support/manual-clock.ts';
import { passwordOf } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { RawClient } from './raw-client.ts';

/** What says that a login went well. */
export const loggedIn = ['{"type":"login","success":"true"}', '{"type":"login_status","status":"true"}'];
/** What says that it did not. */
export const notLoggedIn = ['{"type":"login","success":"false"}', '{"type":"login_status","status":"false"}'];
/** A password that can be set came first. */
export const registeredAndIn = [
  '{"type":"register_status","status":"true","additional_info":""}',
  ...loggedIn,
];

/** A server with the gateway, and a clock that stands: nobody's coming and going is told before it is moved. */
export async function startChatroomServer(
  environment: Record<string, string> = {},
): Promise<{ server: TestServer; clock: ManualClock; url: string }> {
  const clock = new ManualClock();
  const server = await startTestServer(
    { LISTEN_CHATROOM: 'tcp://127.0.0.1:0', ...environment },
    { clock, timers: clock },
  );
  return { server, clock, url: server.gatewayUrls['chatroom']! };
}

/** Connects, and registers a name. */
export async function newcomer(url: string, user: string): Promise<RawClient> {
  const client = await RawClient.open(url);
  client.send({ user, type: 'register' });
  await client.gets('{"type":"username_register_status","taken":"false"}');
  client.send({ user, type: 'login', password: passwordOf(user) });
  await client.gets(...registeredAndIn);
  return client;
}

/** Connects, and logs in. */
export async function returning(url: string, user: string): Promise<RawClient> {
  const client = await RawClient.open(url);
  client.send({ user, type: 'login', password: passwordOf(user) });
  await client.gets(...loggedIn);
  return client;
}

/** Connects, and comes in as a guest. */
export async function guest(url: string, user: string): Promise<RawClient> {
  const client = await RawClient.open(url);
  client.send({ user, type: 'guest' });
  await client.gets(...loggedIn);
  return client;
}
