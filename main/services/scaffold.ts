/** `atoll service new`: a folder with a service that runs. It is the example that comes with Atoll, by another name. */
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { VM_NAME_PATTERN, VM_NAME_WORDS } from "#shared/model/vm.ts";
import { MANIFEST_FILE, manifestJsonSchema, PROGRAM_FOLDER } from "./manifest.ts";

const SCHEMA_FILE = "service.schema.json";

const example = import.meta.glob<string>("../../services/example/**", {
  query: "?raw",
  import: "default",
  eager: true,
});
const FOLDER = "../../services/example/";

/** The new folder. @throws AppError vm.bad-name, file.write-failed */
export async function newService(parent: string, name: string): Promise<string> {
  if (!VM_NAME_PATTERN.test(name))
    throw new AppError("vm.bad-name", `"${name}" is not a valid name: use ${VM_NAME_WORDS}.`, { name });
  const folder = path.join(parent, name);
  try {
    // Not one that is there: it is somebody's work.
    await fsp.mkdir(folder);
    await fsp.mkdir(path.join(folder, PROGRAM_FOLDER));
    for (const [at, text] of Object.entries(example)) {
      const file = path.relative(FOLDER, at);
      if (file === MANIFEST_FILE) await fsp.writeFile(path.join(folder, file), renamed(text, name));
      else if (file.startsWith(`${PROGRAM_FOLDER}/`))
        await fsp.writeFile(path.join(folder, file), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
    }
    await fsp.writeFile(path.join(folder, SCHEMA_FILE), `${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`);
  } catch (error) {
    throw new AppError("file.write-failed", `${folder} cannot be made: ${messageOf(error)}.`, { file: folder });
  }
  return folder;
}

/** The comments of the example's own are left out. */
function renamed(text: string, name: string): string {
  return text
    .replace(/^# .*docs\/services\.md.*\n/m, "# A service of Atoll.\n")
    .replace("$schema=../service.schema.json", `$schema=${SCHEMA_FILE}`)
    .replace(/^name: example$/m, `name: ${name}`);
}
