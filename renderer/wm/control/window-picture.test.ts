// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import type { FrameInfo } from "#shared/model/frame.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import type { Links } from "./links.ts";
import { windowPicture } from "./window-picture.ts";

/** Width and height that are asked of the compositor for a window with such a frame, at the frame's own scale. */
async function sizeOfPicture(frame: Partial<FrameInfo>): Promise<[number, number]> {
  const surface = { frame };
  const session = { scene: { layers: () => [] }, popups: { surfacesOn: () => [] } };
  const links = { find: () => ({ session, surface }) } as unknown as Links;
  const screenshot = vi.fn<Compositor["screenshot"]>(() => Promise.resolve(null));
  const compositor = { screenshot } as unknown as Compositor;
  await windowPicture({ links, compositor }, "0a1b2c3d.1" as WindowId, (_size, native) => native, true);
  const [width, height] = screenshot.mock.calls[0] ?? expect.fail("nothing was asked");
  return [width, height];
}

it("a picture has the pixels of the window's buffer", async () => {
  const frame = { width: 3000, height: 2000, logicalWidth: 1500, logicalHeight: 1000, geometry: null };
  expect(await sizeOfPicture(frame)).toEqual([3000, 2000]);
});

it.each([
  ["geometry", { width: 100, height: 100, logicalWidth: 100, logicalHeight: 100 }],
  ["scale", { width: 8000, height: 100, logicalWidth: 1, logicalHeight: 1 }],
])("is no larger than what the screen could show, whatever %s its program says", async (_what, frame) => {
  const geometry = { x: 0, y: 0, width: 16_384, height: 16_384 };
  const [width, height] = await sizeOfPicture({ ...frame, geometry });
  expect(width * height).toBeLessThanOrEqual(3840 * 2160);
  expect(width * height).toBeGreaterThan(8_000_000);
  expect(width).toBe(height);
});
