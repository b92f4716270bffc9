import { expect, it } from "vitest";
import { WindowState } from "../protocol/gen/atoll_pb.ts";
import { WINDOW_STATE_BITS } from "./window.ts";

it("the states of a window have the bits that they have on the wire", () => {
  expect(WINDOW_STATE_BITS).toEqual({
    activated: WindowState.ACTIVATED,
    maximized: WindowState.MAXIMIZED,
    fullscreen: WindowState.FULLSCREEN,
    resizing: WindowState.RESIZING,
    tiled: WindowState.TILED,
  });
});
