import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { errorCatalogue } from '../../src/core/errors.ts';

test('docs/errors.md lists the codes of the catalogue with their statuses, and no others', () => {
  const page = readFileSync(path.join(import.meta.dirname, '..', '..', '..', 'docs', 'errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` *\| (\d+) *\|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  const catalogue = Object.entries(errorCatalogue).map(([code, { status }]) => [code, status]);
  assert.deepEqual(rows, catalogue);
});
