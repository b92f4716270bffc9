/** The graphics of this start: gathers the facts, and keeps what was chosen where `doctor` finds it. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Paths } from "../base/paths.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";
import { findSettings } from "../settings/settings.ts";
import {
  chooseGraphics,
  type ChromiumGraphics,
  GRAPHICS_SETTINGS,
  type GraphicsChoice,
  type GraphicsMode,
  type GraphicsSetting,
  judgeGraphics,
  type RenderNode,
} from "./choice.ts";
import { findRenderNodes } from "./render-nodes.ts";
import { gpuIdentity, TriedGpu } from "./tried.ts";

/** Same values as the setting, which it overrides: for tests and benches, and for a display without a GPU behind it. */
const SETTING_VARIABLE = "ATOLL_GRAPHICS";
/** Set for the restart after a GPU was given up: why. So there is one restart only. */
const FALLBACK_VARIABLE = "ATOLL_GRAPHICS_FALLBACK";

const inUseSchema = z.object({ pid: z.number(), mode: z.enum(["gpu", "software"]), reason: z.string() });
/** What a running application uses. */
export type GraphicsInUse = z.infer<typeof inUseSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** What the choice depends on, beside the settings. */
interface Surroundings {
  env?: Environment;
  renderNodes?: readonly RenderNode[];
  /** Version of Electron that runs the desktop, or would. */
  electron: string;
}

export class Graphics {
  readonly choice: GraphicsChoice;
  readonly #file: string;
  readonly #tried: TriedGpu;

  /** Reads settings and devices synchronously: Electron takes its choice only before it is ready. */
  constructor(paths: Paths, surroundings: Surroundings) {
    this.#file = inUseFile(paths);
    this.#tried = triedGpu(paths, surroundings);
    this.choice = choiceFor(paths, surroundings);
  }

  /**
   * Keeps what is used, by what Chromium says of itself once it runs; null = it said nothing in time, or was not asked.
   * @returns what to add to the environment of a restart in software; null = no restart is needed
   */
  check(chromium: ChromiumGraphics | null): Readonly<Record<string, string>> | null {
    if (this.choice.mode === "software") {
      this.#keep("software", this.choice.reason);
      return null;
    }
    const verdict =
      chromium === null
        ? { isHardware: false as const, reason: "Chromium did not say what it draws with" }
        : judgeGraphics(chromium);
    if (verdict.isHardware) {
      this.#tried.works();
      this.#keep("gpu", `${this.choice.reason}; Chromium draws by ${verdict.renderer || "a renderer without a name"}`);
      return null;
    }
    this.#keep("software", verdict.reason);
    if (!this.choice.isChecked) return null;
    // Where it has said nothing, the machine may only have been busy.
    if (chromium !== null) this.#tried.failed(verdict.reason);
    return { [FALLBACK_VARIABLE]: verdict.reason };
  }

  #keep(mode: GraphicsMode, reason: string): void {
    const inUse: GraphicsInUse = { pid: process.pid, mode, reason };
    writeFileAtomicallySync(this.#file, `${JSON.stringify(inUse)}\n`);
  }
}

/** What would be chosen at the next start. */
export function choiceFor(paths: Paths, surroundings: Surroundings): GraphicsChoice {
  const { env = process.env, renderNodes = findRenderNodes() } = surroundings;
  return chooseGraphics({
    setting: settingOf(env) ?? findSettings(paths).settings.graphics,
    renderNodes,
    fallbackReason: env[FALLBACK_VARIABLE] ?? null,
    earlierFailure: triedGpu(paths, surroundings).failure,
  });
}

function triedGpu(paths: Paths, { renderNodes = findRenderNodes(), electron }: Surroundings): TriedGpu {
  return new TriedGpu(paths, gpuIdentity(renderNodes, electron));
}

/** null = no application runs, as far as its file says. */
export function graphicsInUse(paths: Paths): GraphicsInUse | null {
  try {
    const inUse = inUseSchema.parse(JSON.parse(fs.readFileSync(inUseFile(paths), "utf8")));
    process.kill(inUse.pid, 0);
    return inUse;
  } catch {
    return null;
  }
}

function settingOf(env: Environment): GraphicsSetting | null {
  return GRAPHICS_SETTINGS.find((setting) => setting === env[SETTING_VARIABLE]) ?? null;
}

/** Beside the sockets: what it says ends with the machine's run at the latest. */
function inUseFile(paths: Paths): string {
  return path.join(paths.run, "graphics.json");
}
