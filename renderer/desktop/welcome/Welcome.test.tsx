// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { type Shell, ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, textsOf } from "../../ui/testing.tsx";
import { Welcome } from "./Welcome.tsx";

const stopped: VmStatus = {
  id: "11111111-1111-4111-8111-111111111111" as VmId,
  name: "home",
  label: "lagoon",
  template: "debian",
  driver: "qemu",
  state: "stopped",
  stateReason: null,
  role: "app",
  network: "none",
  windows: 0,
  uptimeS: null,
  accelerator: null,
  startPhase: null,
  origin: null,
  networkDetail: "",
  stateDetail: "",
};
const ok = (id: string): DoctorCheck => ({ id, status: "ok", detail: `${id} is fine`, remedy: "" });

let checks: DoctorCheck[];
let shell: Shell;
let send: ReturnType<typeof vi.fn<Shell["send"]>>;
let tell: Map<string, () => void>;
let drawn: Drawn;

beforeEach(async () => {
  checks = [ok("qemu"), ok("disk"), { ...ok("template-debian"), status: "fail" }];
  send = vi.fn<Shell["send"]>();
  tell = new Map();
  const bridge = {
    request: () => Promise.resolve({ ok: true, value: checks }),
    on: (name: string, listener: () => void) => {
      tell.set(name, listener);
      return () => undefined;
    },
  } as unknown as AtollBridge;
  shell = testShell({ bridge, send });
  shell.desktop.setState({ isWelcome: true });
  shell.vms.take([stopped]);
  drawn = await draw(
    <ShellContext value={shell}>
      <Welcome />
    </ShellContext>,
  );
});
afterEach(() => drawn.remove());

it("says that the computer is well, and leaves the templates to the VMs that wait for them", () => {
  expect(textsOf(".machine-checks li")).toEqual(["All 2 checks passed"]);
});

it("says what is wrong with it and what to do, and looks again when a template is built", async () => {
  checks = [ok("qemu"), { id: "accelerator", status: "warn", detail: "TCG", remedy: "Switch it on." }];
  await act(async () => tell.get("template.ended")?.());
  expect(textsOf(".machine-checks li")).toEqual(["1 of 2 checks passed", "TCGSwitch it on."]);
});

it("shows how far the template is that a VM waits for, and then the VM", async () => {
  await act(async () => shell.templates.take({ name: "debian", step: "install", fraction: 0.4, detail: "foot" }));
  expect(textsOf(".template-words")).toEqual(["Template debian: installing packages · 40 %"]);
  const bar = document.querySelector('[role="progressbar"]');
  expect(bar?.getAttribute("aria-valuenow")).toBe("40");
  await act(async () => shell.templates.take({ name: "other", step: "install", fraction: 0.5, detail: "" }));
  expect(textsOf(".template-words")).toHaveLength(1);

  await act(async () => {
    shell.templates.ended("debian");
    shell.vms.take([{ ...stopped, stateDetail: "Building a template needs mmdebstrap." }]);
  });
  expect(textsOf(".waiting-fact")).toEqual(["stoppedBuilding a template needs mmdebstrap."]);
  await act(async () => shell.vms.take([{ ...stopped, state: "running" }]));
  expect(textsOf("h2")).toContain("Calm water");
  expect(textsOf(".waiting-fact")).toEqual(["ready"]);
});

it("lists the VMs of the person, and no service that works for them", async () => {
  await act(async () => shell.vms.take([stopped, { ...stopped, id: "2" as VmId, name: "firewall", role: "service" }]));
  expect(textsOf(".waiting-vm .tag-name")).toEqual(["home"]);
});

it("can be skipped while nothing is ready, and main is told so", async () => {
  await click("button", "Skip");
  expect(shell.desktop.getState().isWelcome).toBe(false);
  expect(send).toHaveBeenCalledExactlyOnceWith("desktop.welcomed", {});
});

it("has not the keyboard", () => {
  expect(document.activeElement).toBe(document.body);
});
