import path from 'node:path';
import type { SealedClient } from '../test/support/sealed-client.ts';
import { type GatewayClient, countWords } from './gateway-clients.ts';
import { openWebSocket } from './live.ts';
import { httpRequest, load } from './load.ts';
import { type BenchProcess, startBenchProcess } from './process.ts';

const rawServer = path.join(import.meta.dirname, 'servers', 'raw-ws.js');
const text = 'Shall we meet at the usual place at half past seven, or is that too early?';

/** How messages are sent. */
export interface Sending {
  readonly messages: number;
  /** Messages that are sent before the first of them has arrived. */
  readonly inFlight: number;
}

/**
 * Microseconds of the server's CPU for each message that reached a listener.
 *
 * @param isEachShown whether every message comes on its own; otherwise what comes last shows that all are there
 */
export async function deliveryCost(
  server: BenchProcess,
  sender: SealedClient,
  listeners: readonly GatewayClient[],
  { messages, inFlight }: Sending,
  isEachShown: boolean,
): Promise<number> {
  const last = `the last at ${Date.now()}`;
  const requests = Array.from({ length: messages - 1 }, (_, at) => sendRequest(sender, `${at} ${text}`));
  const lastRequest = sendRequest(sender, `${last} ${text}`);
  const arrived = reached(listeners, isEachShown ? text : last, isEachShown ? messages : 1);
  const before = server.cpuSeconds();
  let at = 0;
  await load(server.url, inFlight, () => requests[at++] ?? null);
  let isSent = false;
  await load(server.url, 1, () => {
    const request = isSent ? null : lastRequest;
    isSent = true;
    return request;
  });
  await arrived;
  return ((server.cpuSeconds() - before) * 1e6) / (messages * listeners.length);
}

/** The same of a raw WebSocket server that sends the same text to as many. */
export async function rawDeliveryCost(count: number, { messages, inFlight }: Sending): Promise<number> {
  const raw = await startBenchProcess(rawServer, {}, '0');
  const sockets = await Promise.all(Array.from({ length: count }, () => openWebSocket(raw.url)));
  const sender = await openWebSocket(raw.url);
  let sent = 0;
  const send = (): void =>
    sender.send(JSON.stringify({ type: 'message', from: 'sender', message: `${sent++} ${text}` }));
  const before = raw.cpuSeconds();
  await new Promise<void>((resolve) => {
    let delivered = 0;
    for (const socket of sockets) {
      socket.on('message', () => {
        delivered += 1;
        if (delivered === messages * count) resolve();
        else if (delivered % count === 0 && sent < messages) send();
      });
    }
    while (sent < inFlight) send();
  });
  const cpu = raw.cpuSeconds() - before;
  for (const socket of [...sockets, sender]) socket.terminate();
  await raw.stop();
  return (cpu * 1e6) / (messages * count);
}

/** Fulfilled when the words have come to every listener so many times. */
export async function reached(
  listeners: readonly GatewayClient[],
  words: string,
  times: number,
): Promise<void> {
  await Promise.all(
    listeners.map(
      (listener) =>
        new Promise<void>((resolve) => {
          let left = times;
          countWords(listener, words, () => {
            left -= 1;
            if (left === 0) resolve();
          });
        }),
    ),
  );
}

/** A sealed request that says something to everybody. */
export function sendRequest(sender: SealedClient, message: string): Buffer {
  const body = sender.seal('/send_message', { room: 'Général', message });
  return httpRequest(sender.url, 'POST', '/send_message', body);
}
