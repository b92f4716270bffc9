/** Numbers in words, as the desktop says them. Pure. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"] as const;
const COUNT = new Intl.NumberFormat("en-GB", { useGrouping: true });

/** `2 140`: groups of thousands with a thin space. */
export function countWords(count: number): string {
  return COUNT.format(count).replaceAll(",", " ");
}

/** `88 bytes`, `4.8 MB`: powers of 1000, as disks and files have them. */
export function bytesWords(bytes: number): string {
  if (bytes === 1) return "1 byte";
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${unit === 0 ? countWords(value) : value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `1 line`, `3 lines`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countWords(count)} ${count === 1 ? one : many}`;
}

/** As a sentence of its own: with a capital letter, and a full stop. */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${words.endsWith(".") ? "" : "."}`;
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`. */
export function agoWords(ageS: number): string {
  if (ageS < 5) return "just now";
  if (ageS < 60) return `${Math.floor(ageS)} s ago`;
  if (ageS < 3600) return `${Math.floor(ageS / 60)} min ago`;
  return `${Math.floor(ageS / 3600)} h ago`;
}

/** How long something will still take: `8 s`, `25 s`, `4 min`, `1 h 20 min`. Rounded so that it does not jump about. */
export function durationWords(seconds: number): string {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 57.5) return `${Math.round(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes >= 24 * 60) return "more than a day";
  const tens = Math.round(minutes / 10) * 10;
  const rest = tens % 60;
  return `${Math.floor(tens / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
}
