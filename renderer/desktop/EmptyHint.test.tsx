// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { EmptyHint } from "./EmptyHint.tsx";

let root: Root;
let missing: string[];
const request = vi.fn<(name: string, input: unknown) => Promise<unknown>>(async (name) => ({
  ok: true,
  value:
    name === "window.reopen"
      ? { opened: ["Mousepad"], missing }
      : [
          {
            vm: "keys",
            windows: [{ title: "", appId: "keepassxc" }],
          },
          {
            vm: "home",
            windows: [1, 2, 3, 4, 5].map((n) => ({ title: `note ${n} ”`, appId: "mousepad" })),
          },
        ],
}));
const bridge = { request, on: () => () => undefined } as unknown as AtollBridge;
const shell = testShell({ bridge });

function vm(name: string, role: VmStatus["role"], state: VmStatus["state"]): VmStatus {
  return { id: name as VmId, name, label: "coral", role, state, stateReason: null, stateDetail: "" } as VmStatus;
}

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  request.mockClear();
  missing = [];
  shell.vms.take([
    vm("keys", "vault", "stopped"),
    vm("firewall", "service", "stopped"),
    vm("home", "app", "running"),
    vm("other", "app", "running"),
    vm("web", "app", "stopped"),
  ]);
  root = createRoot(document.body.appendChild(document.createElement("div")));
  await act(async () =>
    root.render(
      <ShellContext value={shell}>
        <EmptyHint />
      </ShellContext>,
    ),
  );
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
});

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(".waiting-vm")];
const button = (name: string): HTMLElement =>
  document.querySelector<HTMLElement>(`[aria-label="${name}"]`) ?? expect.unreachable(`no button "${name}"`);

it("VMs are offered by their roles, with what was open in them, quoted and cut", () => {
  expect(rows().map(({ textContent }) => textContent.slice(0, 4))).toEqual(["home", "webs", "keys"]);
  const [home, web, keys] = rows();
  expect(home?.textContent).toContain("Last open: “");
  expect(home?.textContent).toContain("and 2 more");
  expect(home?.textContent).toContain("“note 1 '”");
  expect(home?.textContent).not.toContain("Start");
  expect(web?.textContent).not.toContain("Last open");
  expect(keys?.textContent).toContain("stopped · vault");
  expect(keys?.textContent).toContain("“keepassxc”");
  expect(button("Start keys")).toBeDefined();
});

it("a press opens them again, and what could not be opened is said", async () => {
  missing = ["gone”"];
  const show = vi.spyOn(shell.notices, "show");
  await act(async () => button("Start and reopen the last windows of keys").click());
  expect(request).toHaveBeenCalledWith("window.reopen", { vm: "keys" });
  expect(show).toHaveBeenCalledExactlyOnceWith('Not opened again in VM "keys": “\u2068gone\'\u2069”.');
  missing = ["a\u202e", "b", "c", "d", "e"];
  await act(async () => button("Start and reopen the last windows of keys").click());
  expect(show.mock.lastCall?.[0].replaceAll(/[\u2068\u2069]/gu, "")).toBe(
    'Not opened again in VM "keys": “a”, “b”, “c” and 2 more.',
  );
  missing = [];
  await act(async () => button("Reopen the last windows of home").click());
  expect(request).toHaveBeenCalledWith("window.reopen", { vm: "home" });
  expect(show).toHaveBeenCalledTimes(2);
});

it("where there is no VM, one is made in the view of VMs", async () => {
  await act(async () => shell.vms.take([]));
  const make = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Make one");
  await act(async () => make?.click());
  expect(shell.overlays.getState().overlay).toEqual({ kind: "sheet", tab: "vms" });
});
