// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import type { Shell } from "../shell/shell.ts";
import { NoticeQueue } from "../ui/notices.ts";
import { tellReplaced } from "./tell-replaced.ts";

it("an update while Atoll runs is told, and its button starts the new version and keeps the VMs", () => {
  const notices = new NoticeQueue();
  const tell = vi.spyOn(notices, "tell");
  const send = vi.fn<Shell["send"]>();
  tellReplaced({ notices, send })();
  const [[text, { action }] = expect.unreachable("nothing was told")] = tell.mock.calls;
  expect(text).toContain("Atoll was updated");
  action?.run();
  expect(send).toHaveBeenCalledExactlyOnceWith("desktop.quit", { vms: "keep", again: true });
});
