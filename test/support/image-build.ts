import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const project = path.join(import.meta.dirname, '..', '..', '..');

/** One instruction of a Dockerfile, its continued lines joined. */
interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** What the last stage of an image would be started with, in folders of this machine. */
export interface BuiltImage {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly user: string;
}

/**
 * Takes the steps of `deploy/Dockerfile` without a container engine: each stage is a folder, what it copies is copied,
 * what it runs is run there. Packages of the system are taken as installed.
 */
export async function buildImage(root: string): Promise<BuiltImage> {
  const stages = new Map<string, string>();
  const environment: Record<string, string> = {};
  const found: Record<string, string> = {};
  let stage = '';
  for (const { name, value } of instructions()) {
    if (name === 'FROM') {
      const [, stageName = `stage${stages.size}`] = / AS (\w+)$/.exec(value) ?? [];
      stage = path.join(root, stageName);
      stages.set(stageName, stage);
      mkdirSync(path.join(stage, 'app'), { recursive: true });
    } else if (name === 'COPY') {
      copy(value, stage, stages);
    } else if (name === 'RUN') {
      await run(value, stage);
    } else if (name === 'ENV') {
      const at = value.indexOf('=');
      environment[value.slice(0, at)] = inStage(value.slice(at + 1), stage);
    } else {
      found[name] = value;
    }
  }
  return {
    folder: path.join(stage, 'app'),
    environment,
    command: JSON.parse(found['CMD'] ?? '[]') as string[],
    healthCheck: JSON.parse(found['HEALTHCHECK']?.replace(/^.*? CMD /, '') ?? '[]') as string[],
    user: found['USER'] ?? 'root',
  };
}

function instructions(): Instruction[] {
  return readFileSync(path.join(project, 'deploy', 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ name: line.slice(0, line.indexOf(' ')), value: line.slice(line.indexOf(' ') + 1) }));
}

/** The image's own folders, where this stage has them. */
function inStage(words: string, stage: string): string {
  return words.replaceAll(/(?<=^|[ :])\/(keys|data|app)\b/g, `${stage}/$1`);
}

function copy(value: string, stage: string, stages: ReadonlyMap<string, string>): void {
  const [, from, rest = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(value) ?? [];
  const words = rest.split(' ');
  const target = path.join(stage, 'app', words.at(-1) ?? '');
  for (const source of words.slice(0, -1)) {
    const place = from === undefined ? path.join(project, source) : path.join(stages.get(from) ?? '', source);
    // Like Docker's: of a folder what is in it, of a file the file.
    const isIntoFolder = (words.at(-1) ?? '').endsWith('/');
    cpSync(place, isIntoFolder ? path.join(target, path.basename(source)) : target, { recursive: true });
  }
}

async function run(value: string, stage: string): Promise<void> {
  if (value.startsWith('apt-get ')) return;
  const owner = process.getuid?.() === 0 ? '-o nobody -g nogroup' : '';
  const command = inStage(value.replace('-o node -g node', owner), stage);
  const child = spawn('bash', ['-e', '-c', command], {
    cwd: path.join(stage, 'app'),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const [errors, [code]] = await Promise.all([text(child.stderr), closed]);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${errors}`);
}
