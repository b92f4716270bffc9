/** What `atoll doctor` says of the files that a person edits. */
import path from "node:path";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { type FileProblem, problemWords, unreadable, type YamlResult } from "#shared/model/yaml-file.ts";
import { type Paths, recipesFolder } from "../base/paths.ts";
import { textOrNone } from "../base/read-text.ts";
import { DRIVER_TYPES } from "../hardware/driver-types.ts";
import { OPEN_RULES_FILE, readOpenRules } from "../opener/rules.ts";
import { POLICY_FILE, readPolicy } from "../policy/policy-file.ts";
import type { SettingsFound } from "../settings/settings.ts";
import { VmRegistry } from "../vms/registry.ts";
import { templateViews } from "./template-views.ts";

/** Definitions of VMs, the settings, the rules and recipes. Whether the policy's own tests hold, `atoll policy test` says. */
export async function filesCheck(paths: Paths, settings: Pick<SettingsFound, "problem">): Promise<DoctorCheck> {
  const registry = new VmRegistry(paths.config, DRIVER_TYPES);
  await registry.load();
  const others = [
    settings.problem,
    await problemIn(path.join(paths.config, POLICY_FILE), readPolicy),
    await problemIn(path.join(paths.config, OPEN_RULES_FILE), readOpenRules),
  ];
  const recipes = (await templateViews(recipesFolder(paths))).problems;
  const problems = [...registry.problems, ...others.filter((problem) => problem !== null), ...recipes];
  return {
    id: "files",
    status: problems.length === 0 ? "ok" : "warn",
    detail:
      problems.length === 0
        ? `${registry.all.length} VMs are defined in ${paths.config}`
        : problems.map(problemWords).join("; "),
    remedy: problems.length === 0 ? "" : "Fix the files; until then they are not used.",
  };
}

/** null: nothing is wrong with it, or there is none yet. */
async function problemIn(
  file: string,
  read: (text: string, file: string) => YamlResult<unknown>,
): Promise<FileProblem | null> {
  try {
    const text = await textOrNone(file);
    const result = text === "" ? null : read(text, file);
    return result === null || result.ok ? null : result.problem;
  } catch (error) {
    return unreadable(file, error);
  }
}
