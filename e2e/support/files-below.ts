/** Files of an application that runs: what it writes anew, or removes, may go while a test looks. */
import fs from "node:fs";
import path from "node:path";

/** Paths of all that is below that folder, from there on; folders too. */
export function pathsBelow(folder: string): string[] {
  const entries = ifThere(() => fs.readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const below = entry.isDirectory() ? pathsBelow(path.join(folder, entry.name)) : [];
    return [entry.name, ...below.map((name) => path.join(entry.name, name))];
  });
}

/** "" where it is a folder, or gone. */
export function contentOf(file: string): string {
  return ifThere(() => (fs.statSync(file).isFile() ? fs.readFileSync(file, "utf8") : "")) ?? "";
}

function ifThere<Result>(look: () => Result): Result | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
