/** What a bench found, as a line of the table and of the JSON. Pure. */

/** Durations or rates of one system, in the result's unit. */
export interface Sample {
  n: number;
  p50: number;
  p95: number;
}

export interface Result {
  name: string;
  unit: string;
  /** The figure that the bar is about. */
  ours: number;
  /** The rival's figure, or the limit's. */
  theirs: number;
  /** Who they are: "TigerVNC", "a limit", ... */
  against: string;
  /** ours / theirs */
  ratio: number;
  /** The ratio that must be kept; null = reported only. */
  bar: Bar | null;
  isKept: boolean | null;
  samples: { ours: Sample | null; theirs: Sample | null };
  /** What else was seen. */
  note: string;
}

export type Bar = { atMost: number } | { atLeast: number };

export interface Finding {
  name: string;
  unit: string;
  ours: number;
  theirs: number;
  against: string;
  bar: Bar | null;
  samples?: { ours: Sample | null; theirs: Sample | null };
  note?: string;
}

export function judged(finding: Finding): Result {
  const ratio = finding.ours / finding.theirs;
  const { bar } = finding;
  const isKept = bar === null ? null : "atMost" in bar ? ratio <= bar.atMost : ratio >= bar.atLeast;
  return {
    ...finding,
    ratio,
    isKept,
    samples: finding.samples ?? { ours: null, theirs: null },
    note: finding.note ?? "",
  };
}

/** `values` in any order, at least one. Nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError("a percentile of nothing");
  return value;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function sampleOf(values: readonly number[]): Sample {
  return { n: values.length, p50: percentile(values, 50), p95: percentile(values, 95) };
}

const COLUMNS = [
  "what",
  "ours",
  "other",
  "",
  "ratio",
  "bar",
  "",
  "n",
  "p50/p95 ours",
  "p50/p95 other",
  "note",
] as const;

/** A Markdown table, its columns as wide as they must be. */
export function table(results: readonly Result[]): string {
  const rows = [[...COLUMNS], ...results.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`.replaceAll(/ +\|$/g, " |");
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(Math.max(1, width)))), ...body.map(line)].join("\n");
}

function cells(result: Result): string[] {
  const { bar, isKept, samples } = result;
  return [
    result.name,
    `${figure(result.ours)} ${result.unit}`,
    `${figure(result.theirs)} ${result.unit}`,
    result.against,
    result.ratio.toFixed(2),
    bar === null ? "" : "atMost" in bar ? `≤ ${figure(bar.atMost)}` : `≥ ${figure(bar.atLeast)}`,
    isKept === null ? "" : isKept ? "pass" : "FAIL",
    String(samples.ours?.n ?? ""),
    spread(samples.ours),
    spread(samples.theirs),
    result.note,
  ];
}

function spread(sample: Sample | null): string {
  return sample === null ? "" : `${figure(sample.p50)} / ${figure(sample.p95)}`;
}

/** Three digits that count. */
function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
