import { type Variable, variables } from '../src/config-variables.ts';

const begin = '<!-- configuration: written by scripts/make-config-docs.ts -->';
const end = '<!-- end of configuration -->';

/** `.env.example`: every variable with its default, commented out. */
export function environmentExample(): string {
  const entries = variables.map(({ name, fallback, description, example }: Variable) => {
    return `# ${description}\n#${name}=${fallback ?? example}\n`;
  });
  return `# Copy to .env and change what you need. Everything has a default.\n\n${entries.join('\n')}`;
}

/** The README with its table of variables as it should be. @throws Error when the README has no place for it */
export function withConfigurationTable(readme: string): string {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from === -1 || to === -1) throw new Error('the README has no place for the configuration table');
  return `${readme.slice(0, from)}${begin}\n\n${table()}\n\n${readme.slice(to)}`;
}

function table(): string {
  const rows = variables.map(({ name, fallback, description }: Variable) => [
    `\`${name}\``,
    fallback === null ? 'none' : `\`${fallback}\``,
    description.replaceAll('|', String.raw`\|`),
  ]);
  const all = [['variable', 'default', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(all[0] ?? []), rule, ...all.slice(1).map(line)].join('\n');
}
