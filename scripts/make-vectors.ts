import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeVectors } from './vectors.ts';

/** Writes the published test vectors. */
const folder = path.join(import.meta.dirname, '..', '..', 'docs', 'vectors');
for (const [name, content] of Object.entries(makeVectors())) {
  writeFileSync(path.join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
}
