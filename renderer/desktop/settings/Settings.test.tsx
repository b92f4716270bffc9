// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { KioskView } from "#shared/model/kiosk.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { draw, type Drawn, textsOf } from "../../ui/testing.tsx";
import { Settings } from "./Settings.tsx";

const kiosk = (change: Partial<KioskView>): KioskView => ({
  ...{ name: "browser", title: "Browser", kind: "browser", template: "debian-web", network: "none", note: "" },
  ...{ state: "ready", detail: "", memoryMiB: 1536 },
  ...change,
});

let drawn: Drawn;
const shell = testShell({ send: () => undefined });

beforeEach(async () => {
  shell.kiosks.take([
    kiosk({}),
    kiosk({ name: "player", title: "Media player", state: "not-built", template: "player", note: "No sound yet" }),
    kiosk({ name: "remote", title: "Remote desktop", state: "cold", memoryMiB: null }),
  ]);
  drawn = await draw(
    <ShellContext value={shell}>
      <Settings />
    </ShellContext>,
  );
});
afterEach(() => drawn.remove());

it("says of each kiosk how it is, how far its image is, and what it takes", async () => {
  const words = (): string[] => textsOf(".settings-kiosks span");
  expect(textsOf(".settings-kiosks b")).toEqual(["Browser", "Media player", "Remote desktop"]);
  expect(words()).toEqual(["Ready.", "Its first start builds its image. No sound yet.", "Starts when you ask for it."]);
  expect(textsOf(".settings-kiosks small")).toEqual(["1536 MiB", "1536 MiB"]);
  await act(async () => shell.templates.take({ name: "player", step: "install", fraction: 0.42, detail: "" }));
  expect(words()[1]).toBe("Its image is being built, 42 %. No sound yet.");
});
