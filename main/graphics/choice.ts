/**
 * Whether Chromium composites the desktop on the GPU or on the processor. Pure: render-nodes.ts and Electron gather the
 * facts. Where a GPU is tried, Chromium's own words after its start decide; it can turn out to draw by a software renderer,
 * which is slower than no GPU at all.
 */

export const GRAPHICS_SETTINGS = ["auto", "gpu", "software"] as const;
export type GraphicsSetting = (typeof GRAPHICS_SETTINGS)[number];
export type GraphicsMode = "gpu" | "software";

/** A device such as /dev/dri/renderD128. */
export interface RenderNode {
  path: string;
  /** Name of its kernel driver, such as "i915"; "" = unknown. */
  driver: string;
}

export interface GraphicsFacts {
  setting: GraphicsSetting;
  renderNodes: readonly RenderNode[];
  /** Why the GPU was given up at the start just before this one; null = it was not. */
  fallbackReason: string | null;
  /** The same of any start before, with the same hardware and programs. */
  earlierFailure: string | null;
}

export interface GraphicsChoice {
  mode: GraphicsMode;
  /** A clause for people, such as "/dev/dri/renderD128 (i915) is there". */
  reason: string;
  /** Software is taken, with a restart, when Chromium turns out not to use the GPU. */
  isChecked: boolean;
  /** There is a GPU, which turned out to be of no use. */
  isGivenUp: boolean;
}

/** Kernel drivers whose render nodes have no GPU behind them. */
const SOFTWARE_DRIVERS: ReadonlySet<string> = new Set(["vgem", "vkms"]);

export function chooseGraphics(facts: GraphicsFacts): GraphicsChoice {
  const { setting, renderNodes, fallbackReason, earlierFailure } = facts;
  const plain = { isChecked: false, isGivenUp: false };
  if (setting !== "auto") return { ...plain, mode: setting, reason: `the setting is ${setting}` };
  if (fallbackReason !== null) return { ...plain, mode: "software", reason: fallbackReason, isGivenUp: true };
  const node = renderNodes.find(({ driver }) => !SOFTWARE_DRIVERS.has(driver));
  if (node === undefined) {
    const [software] = renderNodes;
    const reason = software === undefined ? "there is no /dev/dri/renderD*" : `${named(software)} is no GPU`;
    return { ...plain, mode: "software", reason };
  }
  if (earlierFailure === null) return { ...plain, mode: "gpu", reason: `${named(node)} is there`, isChecked: true };
  const reason = `${named(node)} was tried at an earlier start: ${earlierFailure}`;
  return { ...plain, mode: "software", reason, isGivenUp: true };
}

function named({ path, driver }: RenderNode): string {
  return driver === "" ? path : `${path} (${driver})`;
}

/** What Chromium says of itself after its start. */
export interface ChromiumGraphics {
  /** Of `app.getGPUFeatureStatus()`. @see https://www.electronjs.org/docs/latest/api/structures/gpu-feature-status */
  gpuCompositing: string;
  /** `auxAttributes.glRenderer` of `app.getGPUInfo("complete")`; "" = not said. */
  glRenderer: string;
}

export type GraphicsVerdict = { isHardware: true; renderer: string } | { isHardware: false; reason: string };

/** Renderers that draw on the processor, also behind ANGLE or virgl: Mesa's, and Chromium's own. */
const SOFTWARE_RENDERER = /swiftshader|llvmpipe|softpipe|swrast|lavapipe|software rasterizer/i;

export function judgeGraphics({ gpuCompositing, glRenderer }: ChromiumGraphics): GraphicsVerdict {
  if (!gpuCompositing.startsWith("enabled")) {
    return { isHardware: false, reason: `Chromium says gpu_compositing: ${gpuCompositing || "nothing"}` };
  }
  if (SOFTWARE_RENDERER.test(glRenderer)) return { isHardware: false, reason: `Chromium draws by ${glRenderer}` };
  return { isHardware: true, renderer: glRenderer };
}
