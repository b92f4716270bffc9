/** What a person writes in their editor is taken, or kept. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { editedText } from "./edited-text.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-editor-"));
  vi.stubEnv("TMPDIR", folder);
  vi.stubEnv("VISUAL", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

it("that is taken leaves no file, nor does one that is as it was, or that was given up", async () => {
  const taken: string[] = [];
  const take = (edited: string): Promise<void> => Promise.resolve(void taken.push(edited));
  vi.stubEnv("EDITOR", "sed -i s/ask/deny/");
  expect(await editedText("policy.yaml", "ask\n", take)).toBe(true);
  vi.stubEnv("EDITOR", "true");
  expect(await editedText("policy.yaml", "ask\n", take)).toBe(false);
  vi.stubEnv("EDITOR", "false");
  await expect(editedText("policy.yaml", "ask\n", take)).rejects.toMatchObject({ code: "policy.not-edited" });
  expect(taken).toEqual(["deny\n"]);
  expect(fs.readdirSync(folder)).toEqual([]);
});

it("that is refused stays in a file that the error names", async () => {
  vi.stubEnv("EDITOR", "sed -i s/ask/never/");
  const refused = new AppError("policy.broken", "Line 1 is wrong.", { line: 1 });
  const error = await editedText("policy.yaml", "ask\n", () => Promise.reject(refused)).catch(
    (thrown: unknown) => thrown,
  );
  const { code, message, details } = toErrorValue(error);
  const file = String(details["edited"]);
  expect([code, message, details["line"]]).toEqual([
    "policy.broken",
    `Line 1 is wrong. What you wrote is in ${file}.`,
    1,
  ]);
  expect(fs.readFileSync(file, "utf8")).toBe("never\n");
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
});
