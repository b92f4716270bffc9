/** A text that a person changes in their own editor. */
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";

/**
 * Has a person edit `text`, and gives `take` what they made of it; false: they changed nothing. What is not taken stays in a file
 * of theirs, which the error names: it may be an hour's work.
 *
 * @param name of the file, which tells an editor what it is
 * @throws AppError policy.not-edited, and what `take` throws
 */
export async function editedText(
  name: string,
  text: string,
  take: (edited: string) => Promise<unknown>,
): Promise<boolean> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "atoll-edit-"));
  const file = path.join(folder, name);
  let isKept = false;
  try {
    await fs.writeFile(file, text, { mode: 0o600 });
    await runEditor(file);
    const edited = await fs.readFile(file, "utf8");
    if (edited === text) return false;
    isKept = true;
    await take(edited).catch((error: unknown) => {
      const { code, message, details } = toErrorValue(error);
      throw new AppError(
        code,
        `${message} What you wrote is in ${file}.`,
        { ...details, edited: file },
        { cause: error },
      );
    });
    isKept = false;
    return true;
  } finally {
    if (!isKept) await fs.rm(folder, { recursive: true, force: true });
  }
}

/** $EDITOR may have arguments, so a shell reads it, as git and crontab have it. */
function runEditor(file: string): Promise<void> {
  const editor = [process.env["VISUAL"], process.env["EDITOR"]].find((one) => one !== undefined && one !== "") ?? "vi";
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    child.on("error", (error) => reject(notEdited(messageOf(error))));
    child.on("exit", (code) => (code === 0 ? resolve() : reject(notEdited(`"${editor}" ended with ${code}`))));
  });
}

function notEdited(why: string): AppError {
  return new AppError("policy.not-edited", `The policy was not changed: ${why}.`);
}
