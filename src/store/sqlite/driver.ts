import { createRequire } from 'node:module';
import type Driver from 'better-sqlite3';
import { StoreOpenError } from '../open-error.ts';

/**
 * SQLite itself, chosen by the Node that runs: `better-sqlite3` from version 13 on needs Node 22 (it crashes on Node 20),
 * and the versions before it end the process on Node 24 when a thread ends. Whoever imports one of them by its name gets
 * the wrong one somewhere.
 */
export const SqliteDatabase: typeof Driver = load(Number.parseInt(process.versions.node, 10));

/** One connection. */
export type SqliteDatabase = Driver.Database;

/** Whether SQLite threw it: then it has a `code`. */
export function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof SqliteDatabase.SqliteError;
}

function load(nodeVersion: number): typeof Driver {
  const name = nodeVersion < 22 ? 'better-sqlite3-node20' : 'better-sqlite3';
  try {
    const driver = createRequire(import.meta.url)(name) as typeof Driver;
    // The native part is loaded with the first connection.
    new driver(':memory:').close();
    return driver;
  } catch (error) {
    return withoutDriver(missingSentence(nodeVersion, error));
  }
}

/** Importing must not throw: a server on PostgreSQL needs none of it, and for others the sentence comes at opening. */
function withoutDriver(sentence: string): typeof Driver {
  const Missing = class {
    static readonly SqliteError = class extends Error {};

    constructor() {
      throw new StoreOpenError(sentence);
    }
  };
  return Missing as unknown as typeof Driver;
}

function missingSentence(nodeVersion: number, error: unknown): string {
  if (nodeVersion < 22) {
    return (
      `SQLite is not installed for Node ${nodeVersion}, where it has to be compiled: install a C++ compiler, make and Python ` +
      '(on Debian and Ubuntu: apt-get install g++ make python3), then run npm ci again. Node 22 and 24 need no compiler.'
    );
  }
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return `SQLite cannot be loaded on this machine: run npm ci again. ${reason}`;
}
