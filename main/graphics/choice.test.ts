import { describe, expect, it } from "vitest";
import { chooseGraphics, type GraphicsSetting, judgeGraphics, type RenderNode } from "./choice.ts";
import { CHROMIUM_GRAPHICS } from "./testing/chromium-graphics.ts";

const node = (driver: string): RenderNode => ({ path: "/dev/dri/renderD128", driver });

describe("the GPU is tried", () => {
  it.each<[string, GraphicsSetting, RenderNode[], string | null, string, boolean, RegExp]>([
    // rule, setting, render nodes, fallback, expected mode, checked, reason
    ["not without a render node", "auto", [], null, "software", false, /no \/dev\/dri/],
    ["where there is one", "auto", [node("amdgpu")], null, "gpu", true, /renderD128 \(amdgpu\)/],
    ["where its driver is unknown", "auto", [node("")], null, "gpu", true, /renderD128 is there/],
    ["in a VM with a virtual GPU", "auto", [node("virtio_gpu")], null, "gpu", true, /virtio_gpu/],
    ["not by a node without a GPU", "auto", [node("vgem")], null, "software", false, /vgem\) is no GPU/],
    ["by any GPU among several nodes", "auto", [node("vgem"), node("i915")], null, "gpu", true, /i915/],
    ["once only", "auto", [node("i915")], "Chromium draws by llvmpipe", "software", false, /llvmpipe/],
    ["because a person says so, and kept", "gpu", [], null, "gpu", false, /setting is gpu/],
    ["although it failed, where a person says so", "gpu", [], "it failed", "gpu", false, /setting is gpu/],
    ["not where a person says so", "software", [node("i915")], null, "software", false, /setting is software/],
  ])("%s", (_rule, setting, renderNodes, fallbackReason, mode, isChecked, reason) => {
    const choice = chooseGraphics({ setting, renderNodes, fallbackReason, earlierFailure: null });
    expect(choice).toMatchObject({ mode, isChecked });
    expect(choice.reason).toMatch(reason);
  });
});

describe("a GPU that was given up at an earlier start", () => {
  const earlierFailure = "Chromium draws by llvmpipe";
  it.each<[string, GraphicsSetting, RenderNode[], string, boolean, RegExp]>([
    ["is not tried again", "auto", [node("virtio_gpu")], "software", true, /virtio_gpu.*earlier start.*llvmpipe/],
    ["is used where a person says so", "gpu", [node("virtio_gpu")], "gpu", false, /setting is gpu/],
    ["is no matter once it is not there", "auto", [], "software", false, /no \/dev\/dri/],
  ])("%s", (_rule, setting, renderNodes, mode, isGivenUp, reason) => {
    const choice = chooseGraphics({ setting, renderNodes, fallbackReason: null, earlierFailure });
    expect(choice).toMatchObject({ mode, isGivenUp, isChecked: false });
    expect(choice.reason).toMatch(reason);
  });
});

describe("what Chromium says of itself", () => {
  it.each(Object.entries(CHROMIUM_GRAPHICS))("%s", (_name, { status, renderer, isHardware }) => {
    const verdict = judgeGraphics({ gpuCompositing: status.gpu_compositing, glRenderer: renderer });
    expect(verdict.isHardware).toBe(isHardware);
    if (!verdict.isHardware) expect(verdict.reason).not.toBe("");
  });

  it("counts as none where it says nothing", () => {
    expect(judgeGraphics({ gpuCompositing: "", glRenderer: "" })).toMatchObject({ isHardware: false });
  });

  it("counts as a GPU where compositing is enabled and the renderer has no name", () => {
    expect(judgeGraphics({ gpuCompositing: "enabled", glRenderer: "" })).toMatchObject({ isHardware: true });
  });
});
