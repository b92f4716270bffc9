/** The services that come with Atoll, as Vite puts their text into the bundle: services/NAME of this repository, but the example. */
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import { problemWords } from "#shared/model/yaml-file.ts";
import type { ProgramFile } from "../../images/builder/index.ts";
import { MANIFEST_FILE, readManifest } from "./manifest.ts";
import { programFiles } from "./service-folder.ts";
import type { Service } from "./catalog.ts";

const manifests = import.meta.glob<string>(["../../services/*/service.yaml", "!../../services/example/**"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const programs = import.meta.glob<string>(
  ["../../services/*/program/**", "!../../services/example/**", "!**/__pycache__/**"],
  { query: "?raw", import: "default", eager: true },
);

/** @param agentFolder programs that set-up has built are in `services/NAME` of it */
export function builtIns(agentFolder: () => string): Service[] {
  return Object.entries(manifests).map(([at, text]) => {
    const folder = path.dirname(at);
    const read = readManifest(text, path.join("services", path.basename(folder), MANIFEST_FILE));
    if (!read.ok) throw new AppError("internal", problemWords(read.problem));
    const manifest = read.value;
    const { command } = manifest.program;
    const bundled = Object.entries(programs)
      .filter(([file]) => file.startsWith(`${folder}/program/`))
      .map(([file, content]): ProgramFile => {
        const name = path.relative(`${folder}/program`, file);
        return { path: name, isExecutable: name === command, data: Buffer.from(content) };
      });
    return {
      manifest,
      text,
      origin: null,
      files: async () => [
        ...bundled,
        ...(await programFiles(path.join(agentFolder(), "services", manifest.name), command)),
      ],
    };
  });
}
