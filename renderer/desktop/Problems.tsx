/** A chip in the top bar for the person's files that are not used because they have errors, and a list of the errors. */
import { FileWarning } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";
import { BarNote } from "./BarNote.tsx";

export function Problems() {
  const { desktop } = useShell();
  const problems = useStore(desktop, (state) => state.problems);
  if (problems.length === 0) return null;
  return (
    <BarNote
      kind="problems"
      icon={<FileWarning size={13} aria-hidden="true" />}
      title={problems.length === 1 ? "1 broken file" : `${problems.length} broken files`}
      hint="They are not used until they are fixed; everything else works. A file is reloaded when it is saved."
    >
      {problems.map(({ file, line, column, reason }) => (
        <li key={file}>
          <code>
            {file}:{line}:{column}
          </code>
          <span>{reason}</span>
        </li>
      ))}
    </BarNote>
  );
}
