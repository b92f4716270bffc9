/** The commands of a program, each with the words that lead to it. */
import type { Command } from "commander";

/** The command that writes the package's files; of no use to a person. */
export const WRITE_DOCS = "write-docs";

export interface CommandPath {
  /** Words after `atoll`; empty: the program itself. */
  path: string[];
  command: Command;
}

/** The program first, each command before those in it. */
export function commandPaths(program: Command, path: string[] = []): CommandPath[] {
  const children = program.commands.filter((child) => child.name() !== WRITE_DOCS);
  return [{ path, command: program }, ...children.flatMap((child) => commandPaths(child, [...path, child.name()]))];
}
