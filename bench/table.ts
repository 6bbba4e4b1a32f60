/** One line of the result: both sides measured in one run. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly against: string;
  readonly ratio: number;
  readonly target: string;
}

/** The rows as a Markdown table. */
export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ what, ours, against, ratio, target }) =>
      `| ${what} | ${ours} | ${against} | **${ratio.toFixed(2)}** | ${target} |`,
  );
  return ['| what | ours | against | ratio | wanted |', '| --- | --- | --- | --- | --- |', ...lines].join(
    '\n',
  );
}
