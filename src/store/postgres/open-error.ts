import { MaintenanceError } from '../../core/maintenance.ts';
import { StoreOpenError } from '../open-error.ts';
import { causesOf, codeOf, isConnectionLost, isServerFull } from './failures.ts';
import type { PostgresOptions } from './options.ts';

/** What an admin is told of an error at opening. Never shows the password. */
export function openingError(
  error: unknown,
  { place, url, named }: Pick<PostgresOptions, 'place' | 'url' | 'named'>,
): Error {
  if (error instanceof StoreOpenError || error instanceof MaintenanceError) return error;
  return new StoreOpenError(openingSentence(error, { place, named, password: passwordIn(url) }));
}

function openingSentence(
  error: unknown,
  { place, named, password }: { place: string; named: string; password: string | null },
): string {
  const codes = new Set(causesOf(error).map(codeOf));
  const said =
    causesOf(error)
      .map(({ message }) => message)
      .find((message) => message !== '') ?? String(error);
  const reason = password === null ? said : said.replaceAll(password, '…');
  const is = (...wanted: string[]): boolean => wanted.some((code) => codes.has(code));
  if (is('28P01', '28000') || /password must be a string/.test(reason)) {
    return `The PostgreSQL server does not let ${named} in (${place}): check its user and password.`;
  }
  if (is('3D000')) {
    return `The PostgreSQL server has no such database (${place}): create it, or correct ${named}.`;
  }
  if (is('42501')) {
    return `The user of ${named} may not make tables (${place}): make it the owner of the database.`;
  }
  if (is('ENOTFOUND', 'EAI_AGAIN')) {
    return `There is no host of the name in ${named} (${place}): check its spelling.`;
  }
  if (isServerFull(error)) {
    return `The PostgreSQL server of ${named} takes no more connections (${place}): raise its max_connections, or let every server have fewer with ?pool= in ${named}.`;
  }
  if (isConnectionLost(error)) {
    return `The PostgreSQL server of ${named} cannot be reached (${place}): is it running, and does it listen there? ${reason}.`;
  }
  return `The database of ${named} cannot be used (${place}): ${reason}.`;
}

function passwordIn(url: string): string | null {
  try {
    return decodeURIComponent(new URL(url).password) || null;
  } catch {
    return null;
  }
}
