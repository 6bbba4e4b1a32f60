import { type Socket, connect } from 'node:net';
import type { Outcome } from '../report.ts';
import { linesOf } from './lines.ts';
import { AdminSocketError, addressOf, checkSocket } from './place.ts';
import { type SocketRequest, maxOutcomeBytes, readOutcome, writeLine } from './protocol.ts';

/**
 * Has a running server run a command.
 *
 * @param file the server's socket
 * @throws AdminSocketError with a sentence: nobody answers there, or not as a server does
 */
export async function askServer(file: string, request: SocketRequest): Promise<Outcome> {
  checkSocket(file);
  const socket = await connected(file);
  try {
    socket.end(writeLine(request));
    for await (const line of linesOf(socket, maxOutcomeBytes)) {
      const outcome = readOutcome(line);
      if (outcome !== null) return outcome;
      break;
    }
  } catch (error) {
    throw new AdminSocketError(`The connection to the server broke: ${reasonOf(error)}`);
  } finally {
    socket.destroy();
  }
  throw new AdminSocketError('The server ended the connection without an answer. Its log may say why.');
}

async function connected(file: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(addressOf(file), () => resolve(socket));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'ECONNREFUSED'
          ? `The server of ${file} is not running: it left its socket behind.`
          : `${file} cannot be reached: ${error.message}`;
      reject(new AdminSocketError(sentence));
    });
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
