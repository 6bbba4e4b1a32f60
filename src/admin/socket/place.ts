import { type Stats, chmodSync, lstatSync, mkdirSync, statSync, unlinkSync } from 'node:fs';
import { type Server, connect } from 'node:net';
import path from 'node:path';

/** Something about the socket that an admin has to mend. The message is a sentence for them. */
export class AdminSocketError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AdminSocketError';
  }
}

/** What every system has room for in the address of a socket, in bytes. */
const maxPathBytes = 100;

/** The shortest spelling of the path, which has to fit into an address. @throws AdminSocketError */
export function addressOf(file: string): string {
  const relative = path.relative(process.cwd(), file);
  const shortest = relative !== '' && relative.length < file.length ? relative : file;
  if (Buffer.byteLength(shortest) > maxPathBytes) {
    throw new AdminSocketError(
      `The path of LISTEN_ADMIN is too long for a socket (${maxPathBytes} bytes at most): ${file}`,
    );
  }
  return shortest;
}

/**
 * Listens on the file, for its owner only. What a server that is dead has left there is removed.
 *
 * @throws AdminSocketError where the folder is open to others, another server answers there, or something else is there
 */
export async function listenOn(server: Server, file: string): Promise<void> {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  checkFolder(folder);
  const address = addressOf(file);
  await removeStale(file, address);
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(file, error));
    server.once('error', onError);
    // Bound within this call, so that nothing else is made under the narrower mask, and nobody connects before it.
    const before = process.umask(0o177);
    try {
      server.listen(address, () => {
        server.off('error', onError);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
  chmodSync(file, 0o600);
}

/** The owner of the socket must be who asks, or it may be anybody's. @throws AdminSocketError */
export function checkSocket(file: string): void {
  const found = look(file);
  if (found === null) {
    throw new AdminSocketError(
      `No server answers at ${file}: is it running, and was it started in this folder (LISTEN_ADMIN)?`,
    );
  }
  if (!found.isSocket()) throw new AdminSocketError(`${file} is no socket: check LISTEN_ADMIN.`);
  const own = process.getuid?.();
  if (own !== undefined && own !== 0 && found.uid !== own) {
    throw new AdminSocketError(`${file} belongs to another user: only the one who runs the server may.`);
  }
}

function checkFolder(folder: string): void {
  const { mode, uid } = statSync(folder);
  const own = process.getuid?.();
  if (own !== undefined && uid !== own && uid !== 0) {
    throw new AdminSocketError(
      `${folder} belongs to another user: put the socket of LISTEN_ADMIN into a folder of your own.`,
    );
  }
  if ((mode & 0o022) !== 0) {
    throw new AdminSocketError(
      `${folder} can be written to by others, who could put their own socket there: chmod go-w it, or choose another folder in LISTEN_ADMIN.`,
    );
  }
}

async function removeStale(file: string, address: string): Promise<void> {
  const found = look(file);
  if (found === null) return;
  if (!found.isSocket()) {
    throw new AdminSocketError(`${file} is there and is no socket: choose another path in LISTEN_ADMIN.`);
  }
  if (await answers(address)) {
    throw new AdminSocketError(
      `Another server listens on ${file}: stop it, or choose another path in LISTEN_ADMIN.`,
    );
  }
  unlinkSync(file);
}

/** Whether anybody accepts connections there. */
async function answers(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // Its queue is full, so it is alive.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(listenError(address, error));
    });
  });
}

function listenError(file: string, error: NodeJS.ErrnoException): AdminSocketError {
  return new AdminSocketError(`${file} cannot be used as a socket: ${error.message}. Check LISTEN_ADMIN.`);
}

function look(file: string): Stats | null {
  return lstatSync(file, { throwIfNoEntry: false }) ?? null;
}
