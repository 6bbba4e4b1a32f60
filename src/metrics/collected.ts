import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Distribution } from '../core/distribution.ts';

/** A value with its labels. */
export type Sample<Label extends string> = readonly [labels: Readonly<Record<Label, string>>, value: number];

interface Description<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

/** A counter that is kept elsewhere, and read when somebody asks for the metrics. */
export function collectedCounter<Label extends string>(
  registry: Registry,
  { name, help, labels }: Description<Label>,
  read: () => Iterable<Sample<Label>>,
): void {
  const counter = new Counter<Label>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect: () => {
      counter.reset();
      for (const [values, value] of read()) counter.inc(values, value);
    },
  });
}

/** The same for what rises and falls. */
export function collectedGauge<Label extends string>(
  registry: Registry,
  { name, help, labels }: Description<Label>,
  read: () => Iterable<Sample<Label>> | Promise<Iterable<Sample<Label>>>,
): void {
  const gauge = new Gauge<Label>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect: async () => {
      const samples = await read();
      gauge.reset();
      for (const [values, value] of samples) gauge.set(values, value);
    },
  });
}

/** The same for distributions: the library's own histogram cannot be given what was counted elsewhere. */
export function collectedHistogram<Label extends string>(
  registry: Registry,
  description: Description<Label>,
  read: () => Iterable<readonly [labels: Readonly<Record<Label, string>>, Distribution]>,
): void {
  registry.registerMetric(new CollectedHistogram(description, read));
}

class CollectedHistogram<Label extends string> extends Histogram<Label> {
  /** Never observes anything: says how the library describes a histogram of this name. */
  private readonly empty: Histogram<Label>;
  private readonly read: () => Iterable<readonly [Readonly<Record<Label, string>>, Distribution]>;

  constructor(
    { name, help, labels }: Description<Label>,
    read: () => Iterable<readonly [Readonly<Record<Label, string>>, Distribution]>,
  ) {
    const options = { name, help, labelNames: labels, registers: [] };
    super(options);
    this.empty = new Histogram(options);
    this.read = read;
  }

  override async get() {
    const described = await this.empty.get();
    const values = [...this.read()].flatMap(([labels, distribution]) =>
      samplesOf(described.name, labels, distribution),
    );
    return { ...described, values };
  }

  /** What the registry calls where it writes text. */
  async getForPromString() {
    return this.get();
  }
}

/** Buckets are cumulative in the text format, and end with one for everything. */
function samplesOf<Label extends string>(
  name: string,
  labels: Readonly<Record<Label, string>>,
  { bounds, counts, sum }: Distribution,
) {
  let upTo = 0;
  const buckets = counts.map((count, at) => {
    upTo += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[at] ?? '+Inf' }, value: upTo };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: upTo },
  ];
}
