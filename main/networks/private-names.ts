/** Names whose answers may be private addresses, as a person lists them in the firewall's settings. Pure. */
import { parseDestinationPattern } from "../policy/destination.ts";

/** `NAME` and `*.NAME`, canonical. What is none is left out: the firewall takes no state with it. */
export function namesIn(list: readonly string[]): string[] {
  return list.flatMap((text) => {
    const pattern = parseDestinationPattern(text.trim());
    if (pattern === null || pattern.port !== null) return [];
    if (pattern.kind === "name") return [pattern.name];
    return pattern.kind === "names-below" ? [`*${pattern.suffix}`] : [];
  });
}
