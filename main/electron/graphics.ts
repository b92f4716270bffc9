/** Electron's side of main/graphics: what Chromium draws with once it runs, and the restart where that is no GPU. */
import { app } from "electron";
import { z } from "zod";
import { log } from "../base/log.ts";
import type { ChromiumGraphics } from "../graphics/choice.ts";
import type { Graphics } from "../graphics/graphics.ts";

/** A GPU process that has not said what it draws with by then does not work. */
const ANSWER_TIMEOUT_MS = 10_000;

const gpuInfoSchema = z.object({ auxAttributes: z.object({ glRenderer: z.string().default("") }) });

/**
 * Call it when nothing has been opened yet.
 * @param handOn what else the next process finds in its environment; called where there will be one
 * @returns whether this process has to end: another one starts in its place, without a GPU, when it has
 */
export async function restartsInSoftware(
  graphics: Pick<Graphics, "choice" | "check">,
  handOn: () => NodeJS.ProcessEnv,
): Promise<boolean> {
  const isSoftware = graphics.choice.mode === "software";
  const env = graphics.check(isSoftware ? null : await chromiumGraphics());
  if (env === null) return false;
  log(`The GPU is not used, because ${Object.values(env).join(", ")}; the application starts again without it.`);
  // The next process has our environment, as it is when it is asked for.
  Object.assign(process.env, env, handOn());
  app.relaunch();
  return true;
}

async function chromiumGraphics(): Promise<ChromiumGraphics | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ANSWER_TIMEOUT_MS, null);
  });
  const info = await Promise.race([app.getGPUInfo("complete").catch(() => null), timeout]);
  clearTimeout(timer);
  const parsed = gpuInfoSchema.safeParse(info);
  if (info === null) return null;
  return {
    gpuCompositing: app.getGPUFeatureStatus().gpu_compositing,
    glRenderer: parsed.success ? parsed.data.auxAttributes.glRenderer : "",
  };
}
