/** The command's own streams when they fail. With a guest they are e2e's. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { expect, it, vi } from "vitest";
import type { ControlClient } from "./client.ts";
import { exec, type Streams } from "./exec.ts";

/** A command of a guest that says `output` when it has been started, and ends when its input does. */
function command(output = "") {
  const listeners = new Map<string, (params: unknown) => void>();
  const tell = (name: string, params: unknown): void => listeners.get(name)?.(params);
  const client = {
    on: (name: string, listener: (params: unknown) => void) => listeners.set(name, listener),
    onClose: () => undefined,
    call: vi.fn<(method: string) => Promise<null>>((method) => {
      if (method === "exec.start" && output !== "")
        tell("exec.output", { stream: "stdout", data: Buffer.from(output).toString("base64") });
      return Promise.resolve(null);
    }),
    notify: (name: string) => {
      if (name === "exec.endInput") tell("exec.exited", { code: 7, signal: 0 });
    },
  };
  return client as unknown as ControlClient;
}

function failing(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: no, ${syscall}`), { code, syscall });
}

const full = (code: string): Writable =>
  new Writable({ write: (_chunk, _encoding, done) => done(failing(code, "write")) });

function streams(own: Partial<Record<keyof Streams, Readable | Writable>>): Streams & { said: () => string } {
  const stderr = new PassThrough();
  return {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    ...own,
    said: () => String(stderr.read() ?? ""),
  } as unknown as Streams & { said: () => string };
}

it("a full disk is what Atoll has to say, not a defect", async () => {
  await expect(exec(command("x"), "home", ["cat"], {}, streams({ stdout: full("ENOSPC") }))).rejects.toMatchObject({
    code: "exec.failed",
    message: expect.stringContaining("standard output cannot be written: ENOSPC") as unknown as string,
  });
});

it("a reader that has gone away ends it without words, as it ends other programs", async () => {
  const own = streams({ stdout: full("EPIPE") });
  expect(await exec(command("x"), "home", ["cat"], {}, own)).toBe(128 + 13);
  expect(own.said()).toBe("");
});

it("an input that cannot be read is said, and is the end of the command's", async () => {
  const stdin = new Readable({ read: () => stdin.destroy(failing("EISDIR", "read")) });
  const own = streams({ stdin });
  expect(await exec(command(), "home", ["cat"], {}, own)).toBe(7);
  expect(own.said()).toContain("standard input cannot be read: EISDIR");
});

it("a command that does not read its input to the end is no failure of it", async () => {
  const client = command();
  vi.mocked(client.call).mockImplementation((method: string) =>
    method === "exec.write" ? Promise.reject(new Error("it is over")) : Promise.resolve(null as never),
  );
  const own = streams({ stdin: Readable.from([Buffer.from("x")]) });
  expect(await exec(client, "home", ["head"], {}, own)).toBe(7);
  expect(own.said()).toBe("");
});

it.each([
  ["a terminal shows control characters", true, {}, "a\\x1b[2Jü\n"],
  ["a terminal obeys where a person wants it", true, { raw: true }, "a\x1b[2Jü\n"],
  ["what is no terminal gets the bytes", false, {}, "a\x1b[2Jü\n"],
])("%s", async (_what, isTTY, options, expected) => {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stdin = Readable.from([]);
  await exec(command("a\x1b[2Jü\n"), "home", ["cat"], options, streams({ stdin, stdout }));
  expect(String(stdout.read())).toBe(expected);
});

it("a checkout that is not built says so with 125, and with 1 for other commands", async () => {
  const checkout = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-checkout-"));
  fs.mkdirSync(path.join(checkout, "bin"));
  const program = path.join(checkout, "bin/atoll.mjs");
  fs.copyFileSync(path.resolve(import.meta.dirname, "../../../bin/atoll"), program);
  const codeOf = (...words: string[]): Promise<unknown> =>
    new Promise((resolve) => execFile(process.execPath, [program, ...words], (error) => resolve(error?.code)));
  expect(await Promise.all([codeOf("exec", "home", "--", "true"), codeOf("vm", "list")])).toEqual([125, 1]);
  fs.rmSync(checkout, { recursive: true });
});
