import { AdminSocketError } from '../admin/socket/place.ts';
import { ConfigError } from '../config.ts';
import { KeyFolderError } from '../store/key-folder.ts';
import { StoreOpenError } from '../store/open-error.ts';
import { WrongPlace } from './rooms-place.ts';

/** A sentence for what an admin can mend; the whole trace for what only a developer can. */
export function explain(error: unknown): void {
  process.stderr.write(`letterlock: ${sentenceFor(error)}\n`);
}

function sentenceFor(error: unknown): string {
  const isSaid =
    error instanceof ConfigError ||
    error instanceof KeyFolderError ||
    error instanceof StoreOpenError ||
    error instanceof AdminSocketError ||
    error instanceof WrongPlace;
  if (isSaid) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path, address, port, variable } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
    variable?: string;
  };
  if (syscall === 'listen') return listenSentence(code, `${address ?? 'the address'}:${port ?? 0}`, variable);
  if (syscall !== undefined) return `${path ?? 'a file'} cannot be used: ${error.message}`;
  return error.stack ?? error.message;
}

function listenSentence(code: string | undefined, place: string, variable = 'its variable'): string {
  if (code === 'EADDRINUSE')
    return `${place} is in use by another program: choose another port in ${variable}.`;
  if (code === 'EACCES')
    return `${place} may not be listened on by this user: choose a port above 1023 in ${variable}.`;
  return `${place} cannot be listened on (${code ?? 'unknown reason'}): check ${variable}.`;
}
