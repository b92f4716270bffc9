/** `atoll open`: what is wrong usage is found before anything is asked of the application. */
import { Command } from "commander";
import { describe, expect, it, vi } from "vitest";
import type { RequestInput } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import { ControlClient } from "../client.ts";
import { exitCodeOf } from "../output.ts";
import { addOpenCommand } from "./open.ts";

/** What the application is asked; it answers nothing. */
async function asked(...words: string[]): Promise<RequestInput<"open.open">> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addOpenCommand(program);
  let input: unknown;
  const client = {
    on: () => undefined,
    close: () => undefined,
    call: (_name: string, given: unknown) => {
      input = given;
      return Promise.resolve({ vm: "disp-1", windowId: null, decision: "disposable", rule: null });
    },
  };
  const connect = vi.spyOn(ControlClient, "connect").mockResolvedValue(client as unknown as ControlClient);
  const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await program.parseAsync(["open", ...words], { from: "user" });
  } finally {
    connect.mockRestore();
    stdout.mockRestore();
  }
  return input as RequestInput<"open.open">;
}

const file = (name: string): object => ({ item: { kind: "file", path: name } });

describe("what it asks the application", () => {
  it.each<[string[], object]>([
    [["a.pdf"], file(`${process.cwd()}/a.pdf`)],
    [["--", "-rf"], file(`${process.cwd()}/-rf`)],
    [["--", "--json"], file(`${process.cwd()}/--json`)],
    [["./a:b"], file(`${process.cwd()}/a:b`)],
    [["%C3%A7"], file(`${process.cwd()}/%C3%A7`)],
    [["👩‍👩‍👧.txt"], file(`${process.cwd()}/👩‍👩‍👧.txt`)],
    [["--from", "home", "notes.txt"], { ...file("notes.txt"), from: "home" }],
    [["https://example.org/?a=b"], { item: { kind: "url", url: "https://example.org/?a=b" }, from: null }],
    [
      ["--in", "work", "--edit", "--wait", "--ask", "3", "/a"],
      { in: { kind: "vm", vm: "work" }, edit: true, wait: true, askS: 3 },
    ],
    [["--sanitized", "--from", "home", "a"], { in: { kind: "safe" }, from: "home", edit: false }],
    [["--disposable", "/a"], { in: { kind: "disposable" }, edit: false, wait: false, askS: 20 }],
  ])("%j", async (words, input) => {
    expect(await asked(...words)).toMatchObject(input);
  });
});

describe("what is wrong usage, with exit code 2", () => {
  it.each([
    [["file:///etc/passwd"], "only http, https and mailto"],
    [["javascript:alert(1)"], "only http, https and mailto"],
    [["https://user@example.org/"], "user name"],
    [["notes: today.txt"], "./notes: today.txt"],
    [[""], "which file"],
  ])("%j", async (words, message) => {
    const error: unknown = await asked(...words).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).message).toContain(message);
    expect(exitCodeOf(error)).toBe(2);
  });

  it("two places, and two files", async () => {
    await expect(asked("--in", "work", "--disposable", "/a")).rejects.toThrow("cannot be used with");
    await expect(asked("--sanitized", "--edit", "/a")).rejects.toThrow("cannot be used with");
    await expect(asked("/a", "/b")).rejects.toThrow("too many arguments");
  });
});

it("a link that only the application refuses is wrong usage too", () => {
  expect(exitCodeOf(new AppError("open.bad-url", ""))).toBe(2);
  expect(exitCodeOf(new AppError("policy.denied", ""))).toBe(3);
  expect(exitCodeOf(new AppError("open.no-handler", ""))).toBe(1);
});
