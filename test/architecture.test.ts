import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

/** Checks what DESIGN.md says of the folders, over the text of the sources. */

const root = path.join(import.meta.dirname, '..', '..');

/** What a folder of src/ may import, beside itself. Files directly in src/ stand for themselves. */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  crypto: [],
  client: [],
  core: ['crypto'],
  store: ['core', 'crypto'],
  'shared-state': ['core'],
  mail: ['core'],
  ldap: ['core'],
  http: ['core', 'crypto'],
  metrics: ['core'],
  gateways: ['core', 'crypto', 'config-listeners.ts'],
  admin: ['core', 'crypto'],
  commands: [
    'admin',
    'composition.ts',
    'config-database.ts',
    'config.ts',
    'core',
    'crypto',
    'logger.ts',
    'open-state.ts',
    'package-folder.ts',
    'store',
    'system-clock.ts',
  ],
  'config.ts': [
    'config-database.ts',
    'config-listeners.ts',
    'config-redis.ts',
    'config-variables.ts',
    'core',
  ],
  'config-database.ts': [],
  'config-listeners.ts': [],
  'config-redis.ts': [],
  'config-variables.ts': [],
  'logger.ts': ['core'],
  'system-clock.ts': ['core'],
  'metrics-listener.ts': ['config-listeners.ts', 'config.ts', 'core', 'http', 'metrics'],
  'gateway-doors.ts': ['config-listeners.ts', 'config.ts', 'core', 'gateways', 'http'],
  'ldap-setup.ts': ['config-listeners.ts', 'config.ts', 'core', 'ldap'],
  'shared-state-setup.ts': ['config.ts', 'core', 'shared-state'],
  'certificate-reload.ts': ['config.ts', 'core', 'store'],
  'link-base.ts': ['config.ts'],
  'admin-door.ts': ['admin', 'config.ts', 'core'],
  'package-folder.ts': [],
  'open-state.ts': [
    'certificate-reload.ts',
    'config.ts',
    'core',
    'crypto',
    'package-folder.ts',
    'store',
    'system-clock.ts',
  ],
  'composition.ts': ['*'],
  'main.ts': ['*'],
};

interface Source {
  readonly file: string;
  readonly text: string;
}

type Rule = (source: Source) => string[];

const rules: Record<string, { check: Rule; offending: Source }> = {
  'imports go one way': {
    check: ({ file, text }) => {
      const from = placeOf(file);
      const allowed = allowedImports[from];
      if (allowed === undefined) return [`${from} has no line in the table of imports`];
      return importsOf(text)
        .filter((name) => name.startsWith('.'))
        .map((name) => placeOf(path.posix.join(path.posix.dirname(file), name)))
        .filter((to) => to !== from && !allowed.includes('*') && !allowed.includes(to))
        .map((to) => `${from} imports ${to}`);
    },
    offending: { file: 'core/x.ts', text: "import { y } from '../http/y.ts';" },
  },
  'core knows no framework, database, socket, file or thread': {
    check: ({ file, text }) =>
      file.startsWith('core/')
        ? importsOf(text).filter((name) =>
            /^(hono|@hono|drizzle-orm|@redis|better-sqlite3|pg$|nodemailer|ldapts|ws$|node:(http|https|fs|tls|worker_threads|child_process|os))/.test(
              name,
            ),
          )
        : [],
    offending: { file: 'core/x.ts', text: "import { readFileSync } from 'node:fs';" },
  },
  'a server without Redis loads no client for it': {
    check: ({ file, text }) =>
      file.startsWith('shared-state/redis/')
        ? []
        : importsOf(
            text.replaceAll(/import type [^;]*;/g, '').replaceAll(/await import\([^)]*\)/g, ''),
          ).filter((name) => /^@redis\/|shared-state\/redis\//.test(name)),
    offending: { file: 'composition.ts', text: "import { open } from './shared-state/redis/open.ts';" },
  },
  'time and chance come into core as arguments': {
    check: ({ file, text }) =>
      file.startsWith('core/') && file !== 'core/clock.ts'
        ? [
            ...withoutComments(text).matchAll(
              /Date\.now\(|new Date\(\)|Math\.random|(?<![.\w])set(Timeout|Interval)\(/g,
            ),
          ].map(String)
        : [],
    offending: { file: 'core/x.ts', text: 'const now = Date.now();' },
  },
  'the environment is read in one place': {
    check: ({ file, text }) =>
      file === 'config.ts' ? [] : [...withoutComments(text).matchAll(/process\.env/g)].map(String),
    offending: { file: 'mail/x.ts', text: 'const { A } = process.env;' },
  },
  'the SQLite driver is chosen in one place': {
    check: ({ file, text }) =>
      file === 'store/sqlite/driver.ts'
        ? []
        : importsOf(text).filter((name) => name.startsWith('better-sqlite3')),
    offending: { file: 'store/x.ts', text: "import BetterSqlite3 from 'better-sqlite3';" },
  },
  'no check is silenced': {
    check: ({ text }) =>
      [...text.matchAll(/@ts-(ignore|expect-error|nocheck)|(ox|es)lint-disable|prettier-ignore/g)].map(
        String,
      ),
    offending: { file: 'core/x.ts', text: '// @ts-ignore' },
  },
  'a file is small enough to hold in the head': {
    check: ({ text }) => {
      const lines = text.split('\n').length;
      return lines > 600 ? [`${lines} lines`] : [];
    },
    offending: { file: 'core/x.ts', text: '\n'.repeat(700) },
  },
  'a specification that is referred to has that section': {
    check: ({ text }) => referencesIn(text).filter((reference) => !sectionExists(reference)),
    offending: { file: 'core/x.ts', text: '/** As PROTOCOL.md §77 says. */' },
  },
};

describe('the architecture', () => {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({
      file: file.split(path.sep).join('/'),
      text: readFileSync(path.join(root, 'src', file), 'utf8'),
    }));

  for (const [name, { check, offending }] of Object.entries(rules)) {
    const skip =
      name.startsWith('a specification') && specification('PROTOCOL.md') === null
        ? 'the specifications are not here'
        : false;
    test(name, { skip }, () => {
      const found = sources.flatMap((source) => check(source).map((problem) => `${source.file}: ${problem}`));
      assert.deepEqual(found, []);
      assert.notDeepEqual(check(offending), [], 'the rule finds what breaks it');
    });
  }
});

function placeOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

function referencesIn(text: string): string[] {
  // A reference may be broken over two lines of a comment.
  const joined = text.replaceAll(/\n\s*\*?\s*/g, ' ');
  return [...joined.matchAll(/(?:PROTOCOL|DESIGN|GATEWAYS)\.md (?:§\d+|"[^"]+")/g)].map(String);
}

function sectionExists(reference: string): boolean {
  const [, file = '', section = ''] = /^(\S+) (.*)$/.exec(reference) ?? [];
  const text = specification(file) ?? '';
  if (section.startsWith('§')) return text.includes(`\n## ${section.slice(1)}.`);
  return text.includes(`\n## ${section.slice(1, -1)}\n`);
}

function specification(file: string): string | null {
  const place = path.join(root, '..', 'shared', file);
  return existsSync(place) ? readFileSync(place, 'utf8') : null;
}
