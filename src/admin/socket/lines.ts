import type { Socket } from 'node:net';

/** More arrived without a line end than a line may hold. */
export class LineTooLong extends Error {
  constructor(most: number) {
    super(`a line of more than ${most} bytes`);
    this.name = 'LineTooLong';
  }
}

/**
 * The lines that come out of a socket, without their ends; what follows the last end is no line. Nothing is read ahead
 * while the consumer is busy.
 *
 * @param most bytes in a line
 * @throws LineTooLong, or what ended the socket
 */
export async function* linesOf(socket: Socket, most: number): AsyncGenerator<string> {
  let chunks: Buffer[] = [];
  let held = 0;
  // The socket outlives the loop: an answer may still have to go out when its last line was read.
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      if (held + end - start > most) throw new LineTooLong(most);
      yield Buffer.concat([...chunks, chunk.subarray(start, end)]).toString('utf8');
      chunks = [];
      held = 0;
      start = end + 1;
    }
    chunks.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > most) throw new LineTooLong(most);
  }
}
