import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config.ts';

const deployFolder = path.join(import.meta.dirname, '..', '..', '..', 'deploy');
const read = (name: string): string => readFileSync(path.join(deployFolder, name), 'utf8');

/** What a secret of the compose file's own `.env` is, for the test. */
const secrets: Readonly<Record<string, string>> = {
  POSTGRES_PASSWORD: '0123456789abcdef',
  REDIS_PASSWORD: 'fedcba9876543210',
  PUBLIC_URL: 'https://chat.example.org',
};

/** The variables that each file sets for a node. */
const environments: Readonly<Record<string, Record<string, string>>> = {
  'letterlock.service': pairs(read('letterlock.service').matchAll(/^Environment=(\w+)=(.*)$/gm)),
  Dockerfile: pairs(read('Dockerfile').matchAll(/^ENV (\w+)=(.*)$/gm)),
  'compose.yaml': pairs(nodeEnvironment().matchAll(/^ {4}(\w+): '?(.*?)'?$/gm)),
};

function pairs(matches: Iterable<RegExpMatchArray>): Record<string, string> {
  return Object.fromEntries([...matches].map(([, name = '', value = '']) => [name, value]));
}

/** The lines below `environment: &node-environment`, with their variables filled in. */
function nodeEnvironment(): string {
  const [, block = ''] = /environment: &node-environment\n((?: {4}.*\n)+)/.exec(read('compose.yaml')) ?? [];
  return block.replaceAll(/\$\{(\w+):\?\}/g, (_, name: string) => secrets[name] ?? '');
}

describe('what deploy/ configures', () => {
  for (const [file, environment] of Object.entries(environments)) {
    test(`${file} sets variables that there are, to what they take`, () => {
      assert.ok(Object.keys(environment).length > 2);
      const known = new Set(
        [
          ...readFileSync(path.join(deployFolder, '..', '.env.example'), 'utf8').matchAll(/\b([A-Z_]+)=/g),
        ].map(([, name]) => name),
      );
      for (const name of Object.keys(environment)) {
        assert.ok(name === 'NODE_ENV' || known.has(name), `${name} is no variable`);
      }
      assert.doesNotThrow(() => loadConfig(environment));
    });
  }

  test('the nodes of compose.yaml have PostgreSQL and Redis, and believe the proxy', () => {
    const { DATABASE_URL, REDIS_URL, TRUST_PROXY } = environments['compose.yaml'] ?? {};
    assert.match(DATABASE_URL ?? '', /^postgres:\/\//);
    assert.match(REDIS_URL ?? '', /^redis:\/\//);
    assert.ok(read('compose.yaml').includes(`subnet: ${TRUST_PROXY}`));
  });

  test('every port that nginx passes on is one that a node listens on', () => {
    const exposed = new Set(/^EXPOSE (.*)$/m.exec(read('Dockerfile'))?.[1]?.split(' '));
    for (const [, port = ''] of read('nginx.conf').matchAll(/server node\d:(\d+)/g)) {
      assert.ok(exposed.has(port), port);
    }
  });
});
