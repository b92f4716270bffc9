/** What a desktop of a test has on its disk before it starts. */
import fs from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";

interface Rule {
  action: string;
  from: string;
  to: string;
  decision: "allow" | "ask" | "deny";
  scan?: boolean;
}

/** @param change fields of the VM's definition */
export function changeDefinition(home: string, vm: string, change: object): void {
  const file = path.join(home, `config/vms/${vm}.yaml`);
  fs.writeFileSync(file, stringify({ ...(parse(fs.readFileSync(file, "utf8")) as object), ...change }));
}

/** @param rules beside the one by which the test may run programs in VMs */
export function writePolicy(home: string, rules: readonly Rule[]): void {
  const always: Rule = { action: "exec", from: "@host", to: "@any", decision: "allow" };
  fs.writeFileSync(path.join(home, "config/policy.yaml"), stringify({ rules: [always, ...rules] }));
}

/** What is copied on the host may be pasted in any VM, and the other way round, files as well. */
export function allowHostClips(home: string): void {
  writePolicy(home, [
    { action: "clipboard.paste", from: "@host", to: "@any", decision: "allow" },
    { action: "clipboard.paste", from: "@any", to: "@host", decision: "allow" },
    { action: "file.send", from: "@host", to: "@any", decision: "allow" },
    { action: "file.send", from: "@any", to: "@host", decision: "allow" },
  ]);
}
