/** The manual page of the `atoll` command: its commands as they are, between words that are written here. */
import type { Command } from "commander";
import { commandPaths } from "./command-tree.ts";

/** @see man(7) */
export function manPage(program: Command, version: string): string {
  const commands = commandPaths(program).filter(
    ({ path, command }) => path.length > 0 && command.commands.length === 0,
  );
  return `.TH ATOLL 1 "" "Atoll ${text(version)}" "User Commands"
.SH NAME
atoll \\- ${text(summary(program))}
.SH SYNOPSIS
.B atoll
.I COMMAND
.RI [ OPTION ...]
.RI [ ARGUMENT ...]
.SH DESCRIPTION
Atoll shows the windows of many virtual machines (VMs) as one desktop.
.B atoll desktop
opens it; the other commands talk to the desktop that is open. Each but
.B exec
takes
.BR ${text("--json")} .
.SH COMMANDS
${commands.map(({ path, command }) => entry(path, command)).join("\n")}
.SH EXIT STATUS
0 done, 1 failed, 2 wrong usage, 3 denied by the policy or left unanswered, 4 no running application.
.B exec
gives the code of the program; what Atoll itself has to say there is 125.
.SH ENVIRONMENT
.TP
.B ATOLL_HOME
a folder that holds all that is listed below but the caches, so that several instances live side by side
.TP
.B ATOLL_CACHE
the folder of templates and other caches
.SH FILES
.TP
.I ~/.config/atoll
definitions of VMs, the policy, settings
.TP
.I ~/.local/state/atoll
the VMs\\[aq] disks, the log, the audit log
.TP
.I ~/.cache/atoll
templates
`;
}

function entry(path: readonly string[], command: Command): string {
  const operands = command.registeredArguments.map((argument) => {
    const word = `${argument.name().toUpperCase()}${argument.variadic ? "..." : ""}`;
    return argument.required ? word : `[${word}]`;
  });
  const options = command.options
    .filter(({ long }) => long !== "--json")
    .map(({ flags, description }) => `.RS\n.TP\n.B ${text(flags)}\n${text(description)}\n.RE`);
  return [
    `.TP\n.B ${text(path.join(" "))}${operands.map((word) => ` ${text(word)}`).join("")}`,
    text(summary(command)),
    ...options,
  ].join("\n");
}

function summary(command: Command): string {
  return command.description().replace(/\.$/, "");
}

/** As troff shows it: no request, no escape, a hyphen that can be copied into a terminal. */
function text(plain: string): string {
  return plain.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\[aq]").replace(/^\./, "\\&.");
}
