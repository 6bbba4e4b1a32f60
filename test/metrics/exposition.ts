import assert from 'node:assert/strict';

/** One line of an exposition. */
export interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What one scrape said. */
export interface Exposition {
  readonly text: string;
  readonly lines: readonly Line[];
  /** The value of the line with exactly these labels; 0 where there is none. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

/** Asks for the metrics, and reads every line of them: one that is not in the format fails. */
export async function scrape(metricsUrl: string | null): Promise<Exposition> {
  assert.ok(metricsUrl !== null, 'metrics are served');
  const response = await fetch(`${metricsUrl}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  const lines = read(text);
  return {
    text,
    lines,
    value: (name, labels = {}) => {
      const wanted = spelled(labels);
      return lines.find((line) => line.name === name && spelled(line.labels) === wanted)?.value ?? 0;
    },
  };
}

function spelled(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map((pair) => pair.join('='));
  return pairs.sort().join(' ');
}

function read(text: string): Line[] {
  const types = new Map<string, string>();
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, typed = '', type = ''] = /^# TYPE (\w+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (type !== '') {
      assert.ok(!types.has(typed), `${typed} is described twice`);
      types.set(typed, type);
    }
    if (line.startsWith('#')) {
      assert.match(line, /^# (TYPE|HELP) \w+ \S/);
      continue;
    }
    const [, name = '', inside, value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    assert.ok(/^nan$/i.test(value) || value === '+Inf' || Number.isFinite(Number(value)), line);
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(family), `${line} has no type`);
    lines.push({ name, labels: labelsIn(inside ?? ''), value: Number(value) });
  }
  return lines;
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const rest = text.replaceAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g, (_, name: string, value: string) => {
    labels[name] = value;
    return '';
  });
  assert.equal(rest, '', text);
  return labels;
}
