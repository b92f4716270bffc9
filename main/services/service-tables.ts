/** The rows that a service's program has reported: bounded, by key. Guest text. */
import { MAX_TABLE_ROWS, type Row, type FromProgram } from "#shared/model/service-messages.ts";

export class ServiceTables {
  readonly #tables: ReadonlyMap<string, Map<string, Row>>;

  /** @param names of the manifest; others are refused */
  constructor(names: readonly string[]) {
    this.#tables = new Map(names.map((name) => [name, new Map<string, Row>()]));
  }

  /** False: there is no such table. The oldest rows go where there are too many. */
  accept({ table, reset, rows, removed }: Extract<FromProgram, { type: "rows" }>): boolean {
    const kept = this.#tables.get(table);
    if (kept === undefined) return false;
    if (reset) kept.clear();
    for (const key of removed) kept.delete(key);
    for (const { key, cells } of rows) kept.set(key, cells);
    for (const key of kept.keys()) {
      if (kept.size <= MAX_TABLE_ROWS) break;
      kept.delete(key);
    }
    return true;
  }

  /** The program begins anew. */
  clear(): void {
    for (const table of this.#tables.values()) table.clear();
  }

  /** By table, in the order in which they came. */
  rows(): Record<string, Row[]> {
    return Object.fromEntries([...this.#tables].map(([name, rows]) => [name, [...rows.values()]]));
  }
}
