/** Files that a person writes, in YAML: read by a schema, and what is wrong with one is said with its place. Pure. */
import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument } from "yaml";
import type { z } from "zod";
import { messageOf } from "./app-error.ts";

/** What is wrong with a file that a person wrote: nothing of it is used until it is fixed. */
export interface FileProblem {
  /** Absolute path. */
  file: string;
  /** 1-based; the beginning of the file where nothing in it is at fault. */
  line: number;
  column: number;
  reason: string;
}

export type YamlResult<Value> =
  /** `lineOf`: the line, from 1, on which what stands at a path of the file begins. */
  { ok: true; value: Value; lineOf: (path: readonly PropertyKey[]) => number } | { ok: false; problem: FileProblem };

/** `FILE:LINE:COLUMN: REASON`, as compilers say it: editors and terminals jump to it. */
export function problemWords({ file, line, column, reason }: FileProblem): string {
  return `${file}:${line}:${column}: ${reason}`;
}

/** Of a file that the system does not give. */
export function unreadable(file: string, error: unknown): FileProblem {
  return {
    file,
    line: 1,
    column: 1,
    reason: `it cannot be read: ${messageOf(error)}`,
  };
}

/** An empty file counts as `{}`. */
export function readYaml<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  file: string,
): YamlResult<z.infer<Schema>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const fail = (offset: number, reason: string): YamlResult<never> => {
    const { line, col } = lines.linePos(offset);
    return { ok: false, problem: { file, line: Math.max(1, line), column: Math.max(1, col), reason } };
  };
  const [syntax] = document.errors;
  if (syntax !== undefined) return fail(syntax.pos[0], syntax.message.replace(/ at line \d+, column \d+:[^]*$/, ""));
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 10 }) ?? {};
  } catch (error) {
    return fail(0, messageOf(error));
  }
  const parsed = schema.safeParse(plain);
  if (parsed.success) {
    const lineOf = (path: readonly PropertyKey[]): number =>
      Math.max(1, lines.linePos(placeOf(document.contents, path, false)).line);
    return { ok: true, value: parsed.data, lineOf };
  }
  // A field that nobody knows comes first: it is mostly one that is missing, misspelt.
  const { issues } = parsed.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue === undefined) return fail(0, "not valid");
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])];
  const reason = unknown === undefined ? issue.message : "there is no such field";
  return fail(
    placeOf(document.contents, path, unknown !== undefined),
    path.length === 0 ? reason : `${path.join(".")}: ${reason}`,
  );
}

/** Offset of what is at fault: the value at `path` (or its key), else the nearest thing above it that is there. */
function placeOf(root: unknown, path: readonly PropertyKey[], isKeyAtFault: boolean): number {
  let node = root;
  let offset = startOf(root) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) return offset;
      const isValue = depth === path.length - 1 && !isKeyAtFault && isScalar(pair.value);
      offset = startOf(isValue ? pair.value : pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0];
}
