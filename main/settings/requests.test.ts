import { beforeEach, expect, it, vi } from "vitest";
import { promptMarkContract } from "#shared/ipc/prompt-mark.ts";
import { themeContract } from "#shared/ipc/theme.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import { Emitter } from "../base/emitter.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { followKeymap } from "./events.ts";
import type { HostKeymap } from "./host-keymap.ts";
import type { PromptMarkFile } from "./prompt-mark-file.ts";
import { promptMarkHandlers, themeHandlers } from "./requests.ts";
import type { SettingsFile } from "./settings.ts";
import type { ThemePort } from "./theme.ts";

const choose = vi.fn<ThemePort["choose"]>();
const remember = vi.fn<SettingsFile["remember"]>();
const draw = vi.fn<PromptMarkFile["draw"]>();
const dispatcher = Dispatcher.of(
  { theme: themeContract, promptMark: promptMarkContract },
  {
    theme: themeHandlers({
      settings: { remember } as unknown as SettingsFile,
      theme: { choose } as unknown as ThemePort,
    }),
    promptMark: promptMarkHandlers({ promptMark: { draw } as unknown as PromptMarkFile }),
  },
  { checksOutputs: true },
);

beforeEach(() => {
  choose.mockReset();
  remember.mockReset().mockResolvedValue();
  draw.mockReset().mockResolvedValue();
});

it("a theme that is chosen is shown and remembered; it is shown also where it cannot be remembered", async () => {
  expect(await called(dispatcher, PAGE_CALLER, "theme.choose", { choice: "dark" })).toBeNull();
  expect([choose.mock.calls, remember.mock.calls]).toEqual([[["dark"]], [["theme", "dark"]]]);
  remember.mockRejectedValue(new AppError("file.write-failed", "The disk is full."));
  const refused = called(dispatcher, PAGE_CALLER, "theme.choose", { choice: "light" });
  await expect(refused).rejects.toMatchObject({ code: "file.write-failed" });
  expect(choose).toHaveBeenLastCalledWith("light");
});

it("another mark is drawn where the page asks for it", async () => {
  expect(await called(dispatcher, PAGE_CALLER, "promptMark.draw", {})).toBeNull();
  expect(draw).toHaveBeenCalledOnce();
});

it("guests hear of another keyboard layout, which is looked at again when the settings were read", () => {
  const [keymapChanged, refresh, watch] = [vi.fn<() => void>(), vi.fn<() => void>(), vi.fn<() => void>()];
  const application = Object.assign(new Emitter<{ problemsChanged: [] }>(), { vms: [{ keymapChanged }] });
  const keymap = Object.assign(new Emitter<{ changed: [] }>(), { refresh, watch });
  followKeymap({
    application: application as unknown as Application,
    keymap: keymap as unknown as HostKeymap,
  });
  expect([watch.mock.calls.length, keymapChanged.mock.calls.length]).toEqual([1, 0]);
  keymap.emit("changed");
  expect([keymapChanged.mock.calls.length, refresh.mock.calls.length]).toEqual([1, 0]);
  application.emit("problemsChanged");
  expect([keymapChanged.mock.calls.length, refresh.mock.calls.length]).toEqual([1, 1]);
});
