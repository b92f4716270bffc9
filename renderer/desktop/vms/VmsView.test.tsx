// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { TemplateView } from "#shared/model/template.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { type Shell, ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf, write } from "../../ui/testing.tsx";
import { VmsView } from "./VmsView.tsx";

let drawn: Drawn;
let shell: Shell;
let sent: [string, unknown][];
let asked: [string, unknown][];
let refusal: string | null;
let answers: Record<string, unknown>;

function vm(name: string, change: Partial<VmStatus> = {}): VmStatus {
  return {
    ...{ id: name as VmId, name, label: "coral", template: "debian", driver: "qemu", state: "running" },
    ...{ stateReason: null, role: "app", network: "firewall", windows: 2, uptimeS: 5, accelerator: null },
    ...{ startPhase: null, origin: null, networkDetail: "", stateDetail: "" },
    ...change,
  };
}

const template = (name: string, built = true): TemplateView => ({
  ...{ name, description: `the template ${name}`, built, sizeBytes: 1, recipeHash: "a", memoryMiB: 1024, cpus: 2 },
});

const bridge = {
  request: async (name: string, input: unknown) => {
    if (name !== "template.list" && name !== "service.list") asked.push([name, input]);
    if (refusal !== null && name.startsWith("vm.")) return { ok: false, error: { message: refusal } };
    return { ok: true, value: answers[name] ?? null };
  },
  on: () => () => undefined,
} as unknown as AtollBridge;

async function show(...vms: VmStatus[]): Promise<void> {
  shell.vms.take(vms);
  const view = (
    <ShellContext value={shell}>
      <VmsView />
    </ShellContext>
  );
  drawn = await draw(view);
  await drawn.again(view);
}

const lines = (): string[] =>
  [...document.querySelectorAll(".vm-line")].map((one) => one.getAttribute("aria-label") ?? "");
const shown = (): string | null => document.querySelector(".vm-detail")?.getAttribute("aria-label") ?? null;
const actions = (): string[] => textsOf(".vm-detail > .service-actions > button");

beforeEach(() => {
  [sent, asked, refusal] = [[], [], null];
  answers = {
    "template.list": [template("debian"), template("browser", false)],
    "service.list": [
      { name: "vpn", rights: [{ id: "serves", words: "", asked: true, has: false }] },
      { name: "words", rights: [{ id: "uplink", words: "", asked: true, has: true }] },
    ],
    "vm.set": { vm: vm("web"), fromNextStart: [] },
    "vm.create": vm("work"),
  };
  shell = testShell({ bridge, send: (...[name, input]) => void sent.push([name, input]) });
});
afterEach(() => drawn.remove());

describe("the list", () => {
  it("has what each is, in its section: a person's own, disposables and kiosks, services that run", async () => {
    const kiosk = { name: "browser", title: "Web browser", template: "browser" } as KioskView;
    shell.kiosks.take([kiosk]);
    await show(
      vm("antivirus", { role: "service", network: "none", template: null }),
      vm("idle", { role: "service", state: "stopped" }),
      vm("browser1", { role: "disposable", template: "browser", state: "starting" }),
      vm("web", { memoryMiB: 2048, cpus: 1, via: "vpn" }),
      vm("safe", { role: "vault", state: "stopped", network: "none" }),
      vm("other", { driver: "external", template: null, network: null, state: "paused", role: "work" }),
    );
    expect(textsOf(".vm-heads > h3")).toEqual(["Yours", "Disposable", "Services"]);
    expect(lines()).toEqual([
      "web, 2 windows, Programs, network: Firewall, by vpn, debian, 2 GiB, 1 processor",
      "safe, stopped, Vault, network: None, debian, 1 GiB, 2 processors",
      "other, paused, Work, network: Not Atoll’s, external, ",
      "browser1, starting, Kiosk: Web browser, network: Firewall, browser, 1 GiB, 2 processors",
      "antivirus, 2 windows, Service, network: None, qemu, ",
    ]);
    expect(textsOf(".services-head p")).toEqual(["3 VMs, 1 running; 1 disposable."]);
  });

  it("is walked by keys, and Enter starts one that is off", async () => {
    await show(vm("home", { state: "stopped" }), vm("web"));
    element(".vm-line", "home").focus();
    await press("ArrowDown");
    expect([shown(), document.activeElement]).toEqual(["web", element(".vm-line", "web")]);
    await press("Enter");
    await press("ArrowDown");
    await press("Home");
    expect(shown()).toBe("home");
    await press("Enter");
    expect(sent).toEqual([["vm.start", { vm: "home", waitS: null }]]);
    await press("End");
    expect(shown()).toBe("web");
  });

  it.each([
    ["stopped", "Start web", "vm.start"],
    ["crashed", "Start web", "vm.start"],
    ["paused", "Resume web", "vm.resume"],
    ["running", "Pause web", "vm.pause"],
    ["running", "Shut web down", "vm.stop"],
  ] as const)("of one that is %s has “%s” in its line", async (state, words, name) => {
    await show(vm("web", { state }));
    await click(".vm-row-actions button", words);
    expect(sent).toEqual([[name, { vm: "web", waitS: name === "vm.stop" ? 60 : null }]]);
  });

  it("says that there is none, and makes the first", async () => {
    await show();
    expect([textsOf(".services-none strong"), shown()]).toEqual([["There is no VM yet"], null]);
    await click("button", "New VM");
    expect(shown()).toBe("New VM");
  });
});

describe("one VM", () => {
  it.each([
    ["running", ["Programs", "Pause", "Restart", "Shut down", "Kill…"]],
    ["paused", ["Resume", "Shut down", "Kill…"]],
    ["starting", ["Shut down", "Kill…"]],
    ["stopped", ["Start", "Remove…"]],
    ["crashed", ["Start", "Remove…"]],
    ["unresponsive", ["Shut down", "Kill…"]],
  ] as const)("that is %s can be told: %j", async (state, words) => {
    await show(vm("web", { state }));
    expect(actions()).toEqual(words);
  });

  it("is restarted once it has stopped, and not where that failed", async () => {
    await show(vm("web"));
    await click("button", "Restart");
    expect(asked).toEqual([
      ["vm.stop", { vm: "web", waitS: 60 }],
      ["vm.start", { vm: "web", waitS: null }],
    ]);
    refusal = "It does not stop.";
    await click("button", "Restart");
    expect(asked.slice(2)).toEqual([["vm.stop", { vm: "web", waitS: 60 }]]);
  });

  it("is removed at a second press, and “Keep” has the focus before", async () => {
    await show(vm("web", { state: "stopped" }));
    await click("button", "Remove…");
    expect(document.activeElement).toBe(element("button", "Keep"));
    await click("button", "Keep");
    expect(sent).toEqual([]);
    await click("button", "Remove…");
    await click("button", "Remove web");
    expect(sent).toEqual([["vm.remove", { vm: "web", waitS: null }]]);
  });

  it("that is a disposable or a service's has no settings, and is not removed", async () => {
    const home = vm("home");
    await show(
      home,
      vm("d1", { role: "disposable", state: "running", forVm: home.id }),
      vm("dns", { role: "service" }),
    );
    await click(".vm-line", "d1");
    expect(actions()).toEqual(["Programs", "Pause", "Shut down", "Kill…"]);
    expect(textsOf(".vm-detail > p").at(-1)).toContain("It is for home");
    await click(".vm-line", "dns");
    expect([actions(), document.querySelector(".vm-detail form")]).toEqual([["Pause", "Shut down", "Kill…"], null]);
    await click(".link");
    expect(shell.overlays.getState().overlay).toEqual({ kind: "sheet", tab: "services" });
  });

  it("says why it is in its state, a guest's word as a quotation", async () => {
    await show(vm("web", { state: "crashed", stateReason: "guest-panic", stateDetail: "shut down now" }));
    expect(textsOf(".vm-why")).toEqual(["web said last: “shut down now”"]);
  });
});

describe("settings", () => {
  const field = (words: string): HTMLInputElement => {
    const label = element("label", words);
    return document.getElementById(label.getAttribute("for") ?? "") as HTMLInputElement;
  };
  const choose = (words: string, value: string): Promise<void> =>
    act(async () => {
      const select = field(words) as unknown as HTMLSelectElement;
      select.value = value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });

  it("that were changed are saved, and no others; what counts later is said", async () => {
    answers["vm.set"] = { vm: vm("web"), fromNextStart: ["memory", "cpus"] };
    await show(vm("web"));
    expect(element("button", "Save").hasAttribute("disabled")).toBe(true);
    await write(field("Memory"), "2048");
    await write(field("Processors"), "3");
    await click('.vm-labels [role="radio"]', "blue");
    await click("button", "Save");
    expect(asked).toEqual([["vm.set", { vm: "web", label: "blue", memory: 2048, cpus: 3 }]]);
    expect(textsOf('.vm-detail [role="status"]')).toEqual(["Saved. From its next start on: memory and processors."]);
  });

  it.each([
    ["Memory", "64", "It must be a whole number from 128 to 1048576."],
    ["Memory", "2 GiB", "It must be a whole number from 128 to 1048576."],
    ["Processors", "0", "It must be a whole number from 1 to 64."],
    ["Processors", "1.5", "It must be a whole number from 1 to 64."],
  ])("%s is not %j", async (title, text, problem) => {
    await show(vm("web"));
    await write(field(title), text);
    expect(textsOf("small[data-problem]")).toEqual([problem]);
    expect(element("button", "Save").hasAttribute("disabled")).toBe(true);
    await click("button", "Discard");
    expect(textsOf("small[data-problem]")).toEqual([]);
  });

  it("for a vault take its network with them, and a service is chosen of those that carry others' traffic", async () => {
    await show(vm("web", { network: "direct" }));
    await choose("Network", "firewall");
    expect([...field("By a service").querySelectorAll("option")].map(({ value }) => value)).toEqual(["none", "vpn"]);
    await choose("By a service", "vpn");
    await choose("What it is for", "vault");
    expect(field("Network").value).toBe("none");
    await choose("Network", "firewall");
    await click("button", "Save");
    expect(asked).toEqual([["vm.set", { vm: "web", role: "vault", network: "firewall", via: "vpn" }]]);
  });

  it("that were refused stay typed, and the reason is told", async () => {
    refusal = "There is no room.";
    await show(vm("web"));
    await write(field("Memory"), "4096");
    await click("button", "Save");
    expect([field("Memory").value, textsOf('.vm-detail [role="status"]')]).toEqual(["4096", [""]]);
  });

  it("labels are walked by arrow keys, around", async () => {
    await show(vm("web", { label: "lagoon" }));
    element('.vm-labels [role="radio"]', "lagoon").focus();
    await press("ArrowLeft");
    expect(document.activeElement).toBe(element('.vm-labels [role="radio"]', "slate"));
    await click("button", "Save");
    expect(asked).toEqual([["vm.set", { vm: "web", label: "slate" }]]);
  });

  it("make a new VM, with a name that is free, started or not", async () => {
    await show(vm("web", { label: "lagoon" }));
    await click("button", "New VM");
    const create = () => element("button", "Create and start");
    expect([document.activeElement, create().hasAttribute("disabled")]).toEqual([field("Name"), true]);
    for (const [name, problem] of [
      ["web", "It must be another name: there is a VM “web”."],
      ["Work", "It must be small letters"],
    ] as const) {
      await write(field("Name"), name);
      expect(textsOf("small[data-problem]")[0]).toContain(problem);
      expect(create().hasAttribute("disabled")).toBe(true);
    }
    await write(field("Name"), "work");
    await choose("Template", "browser");
    await choose("What it is for", "work");
    await write(field("Memory"), "512");
    await click("button", "Create and start");
    const machine = { template: "browser", network: "firewall", memory: 512 };
    expect(asked).toEqual([["vm.create", { name: "work", label: "blue", role: "work", machine }]]);
    expect(sent).toEqual([["vm.start", { vm: "work" }]]);
    expect(shown()).toBe("web");
    await act(async () => shell.vms.take([vm("web"), vm("work")]));
    expect(shown()).toBe("work");
  });

  it("of a new VM that is refused stay typed", async () => {
    refusal = "There is one.";
    await show(vm("web"));
    await click("button", "New VM");
    await write(field("Name"), "work");
    await click("button", "Create");
    expect([shown(), field("Name").value, sent]).toEqual(["New VM", "work", []]);
    await click("button", "Cancel");
    expect(shown()).toBe("web");
  });
});
