import { expect, it } from "vitest";
import { WindowState } from "../protocol/gen/atoll_pb.ts";
import type { VmId } from "./vm.ts";
import { parseWindowId, type SurfaceId, WINDOW_STATE_BITS, windowIdOf } from "./window.ts";

const VM = "0123abcd-0000-4000-8000-000000000000" as VmId;

it.each([1, 7, 0xffff_ffff])("an id of surface %d says of what it is", (surface) => {
  expect(parseWindowId(windowIdOf(VM, surface as SurfaceId))).toEqual({ vmBeginning: "0123abcd", surface });
});

it.each([
  "",
  "1",
  "0123abcd",
  "0123abcd.",
  ".1",
  "0123abcd.0",
  "0123abcd.01",
  "0123abcd.-1",
  "0123abcd.1.1",
  "0123abcd.1 ",
  "0123abcd.1\n",
  "0123abcd.1e3",
  "0123abcd.4294967296",
  "0123abc.1",
  "0123ABCD.1",
  `${VM}.1`,
])("%j is no window's id", (text) => {
  expect(parseWindowId(text)).toBeNull();
});

it("the states of a window have the bits that they have on the wire", () => {
  expect(WINDOW_STATE_BITS).toEqual({
    activated: WindowState.ACTIVATED,
    maximized: WindowState.MAXIMIZED,
    fullscreen: WindowState.FULLSCREEN,
    resizing: WindowState.RESIZING,
    tiled: WindowState.TILED,
    suspended: WindowState.SUSPENDED,
  });
});
