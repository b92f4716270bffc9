/** What becomes of a command whose words nobody takes. */
import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { endWithReader } from "./output.ts";

it.each([
  ["EPIPE", "write EPIPE", 141, ""],
  ["ENOSPC", "ENOSPC: no space left on device, write", 1, "Standard output cannot be written: ENOSPC"],
])("a standard output that fails with %s ends it in good order", (code, message, exit, words) => {
  const stdout = new EventEmitter() as unknown as NodeJS.WriteStream;
  const codes: number[] = [];
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    endWithReader(stdout, false, (ended) => codes.push(ended));
    stdout.emit("error", Object.assign(new Error(message), { code }));
    expect(codes).toEqual([exit]);
    expect(stderr.mock.calls.flat().join("")).toContain(words);
    expect(stderr).toHaveBeenCalledTimes(words === "" ? 0 : 1);
  } finally {
    stderr.mockRestore();
  }
});
