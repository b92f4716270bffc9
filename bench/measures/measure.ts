/** What every measure is given, and what it gives. */
import type { Finding } from "../report.ts";
import type { Tools } from "../tools.ts";

export interface Context {
  tools: Tools;
  /** Fewer rounds: to see that everything works. */
  isQuick: boolean;
  signal: AbortSignal;
  /** A line of progress for a person. */
  say(words: string): void;
}

export interface Measure {
  /** What `--only` is compared with. */
  name: string;
  run(context: Context): Promise<Finding[]>;
}
