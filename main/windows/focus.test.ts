import { expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { type Focus, FocusTracker } from "./focus.ts";

const VM = "0a1b2c3d-0000-4000-8000-000000000000" as VmId;
const WINDOW = "0a1b2c3d.7" as WindowId;

it("main knows which window has focus, of which VM, why and since when", () => {
  let nowMs = 1_000;
  const focus = new FocusTracker(() => nowMs);
  const heard: (Focus | null)[] = [];
  focus.on("changed", (current) => heard.push(current));
  expect(focus.current).toBeNull();
  focus.reported({ window: WINDOW, vm: VM, cause: "inherited" });
  nowMs = 1_300;
  focus.reported({ window: WINDOW, vm: VM, cause: "inherited" });
  expect(focus.current).toEqual({ window: WINDOW, vm: VM, cause: "inherited", sinceMs: 1_000 });
  // The person chooses it.
  focus.reported({ window: WINDOW, vm: VM, cause: "person" });
  expect(focus.current).toEqual({ window: WINDOW, vm: VM, cause: "person", sinceMs: 1_300 });
  focus.reported(null);
  expect(focus.current).toBeNull();
  expect(heard.map((current) => current?.cause)).toEqual(["inherited", "person", undefined]);
});
