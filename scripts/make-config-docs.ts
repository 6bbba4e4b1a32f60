import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { environmentExample, withConfigurationTable } from './config-docs.ts';

/** Writes `.env.example` and the README's table from the variables the program knows. */
const root = path.join(import.meta.dirname, '..', '..');
const readme = path.join(root, 'README.md');
writeFileSync(path.join(root, '.env.example'), environmentExample());
writeFileSync(readme, withConfigurationTable(readFileSync(readme, 'utf8')));
