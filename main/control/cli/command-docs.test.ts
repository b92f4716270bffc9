import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bashCompletion } from "./bash-completion.ts";
import { commandPaths } from "./command-tree.ts";
import * as commands from "./commands/index.ts";
import { manPage } from "./man-page.ts";

const program = new Command("atoll").description("The windows of many virtual machines as one desktop.");
for (const add of Object.values(commands)) add(program, "/nowhere");

describe("completion", () => {
  let folder: string;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-completion-"));
    fs.writeFileSync(path.join(folder, "completion"), bashCompletion(program));
    const vms = JSON.stringify(
      [
        { id: "1", name: "home" },
        { name: "web", label: "coral" },
      ],
      undefined,
      2,
    );
    fs.writeFileSync(path.join(folder, "vms"), vms);
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /** The last word is the one that is completed. */
  function complete(...words: string[]): string[] {
    const script = `set -u; source "$1/completion"; atoll() { cat "$folder/vms"; }; folder=$1; compopt() { echo FILES; }
shift; COMP_WORDS=(atoll "$@"); COMP_CWORD=$#; _atoll; printf '%s\\n' "\${COMPREPLY[@]-}"`;
    const output = execFileSync("bash", ["-c", script, "bash", folder, ...words], { encoding: "utf8" });
    return output.split("\n").filter((line) => line !== "");
  }

  it("knows every command, and none that is hidden", () => {
    const names = program.commands.map((command) => command.name()).filter((name) => name !== "write-docs");
    expect(complete("")).toEqual([...names, "--help"]);
    expect(complete("des")).toEqual(["desktop"]);
    expect(complete("vm", "st")).toEqual(["start", "stop"]);
  });

  it("knows options, their choices, and the VMs that there are", () => {
    expect(complete("vm", "start", "--w")).toEqual(["--wait"]);
    expect(complete("vm", "create", "x", "--label", "la")).toEqual(["lagoon"]);
    expect(complete("vm", "start", "")).toContain("web");
    expect(complete("run", "h")).toEqual(["home"]);
  });

  it("leaves files, and the words of a program, to the shell", () => {
    expect(complete("desktop", "let")).toEqual(["FILES"]);
    expect(complete("exec", "home", "--", "l")).toEqual(["FILES"]);
  });
});

describe("the manual page", () => {
  const page = manPage(program, "0.1.0");

  it("has every command with its options, as troff shows them", () => {
    for (const { path: words, command } of commandPaths(program)) {
      if (words.length === 0 || command.commands.length > 0) continue;
      expect(page).toContain(`\n.B ${words.join(" ").replaceAll("-", "\\-")}`);
      for (const { flags } of command.options.filter(({ long }) => long !== "--json"))
        expect(page).toContain(`\n.B ${flags.replaceAll("-", "\\-")}\n`);
    }
    expect(page).not.toContain("docs");
  });

  it("has no line that begins by accident as a request, and no bare hyphen", () => {
    for (const line of page.split("\n").filter((candidate) => !candidate.startsWith(".TH")))
      expect(line).toMatch(/^(\.(SH|TP|B|BR|RI|I|RS|RE)( |$)|[^.'])|^$/);
    expect(page.replaceAll("\\-", "")).not.toContain("-");
  });
});
