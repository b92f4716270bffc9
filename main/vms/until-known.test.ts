/** What a command hears of VMs that an earlier run of the application may have left running. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { vmContract } from "#shared/ipc/vm.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { VmView } from "#shared/model/vm.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller } from "../ipc/testing/checked.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { vmHandlers } from "./requests.ts";
import { type Deferred, deferred, scriptedDriver, ScriptedMachine } from "./testing/scripted-vm.ts";
import { untilKnown } from "./until-known.ts";

const NAMES = ["home", "web"] as const;

let application: Application;
let adoptions: Record<string, Deferred<ScriptedMachine | null>>;
let opened: Promise<void>;
let end: () => void;
/** As the control server asks. */
let ask: (method: string, input: object) => Promise<unknown>;

beforeEach(async () => {
  adoptions = Object.fromEntries(NAMES.map((name) => [name, deferred()]));
  const driver = {
    ...scriptedDriver(new ScriptedMachine()),
    adopt: vi.fn<({ name }: { name: string }) => Promise<ScriptedMachine | null>>(
      ({ name }) => adoptions[name]?.promise ?? expect.unreachable(name),
    ),
  };
  ({ application, end } = await scriptedApplication({ vms: { home: "lagoon", web: "rose" }, driver }));
  const vm = vmHandlers({ application, page: new CheckedPage() });
  const dispatcher = Dispatcher.of({ vm: vmContract }, { vm }, { checksOutputs: true });
  ask = async (method, input) => {
    await untilKnown(application, method, input);
    return called(dispatcher, cliCaller(), method, input);
  };
});
afterEach(() => end());

const stateOf = async (name: string): Promise<string> => ((await ask("vm.info", { vm: name })) as VmView).state;

it("a command that names a VM waits until it is known whether that one runs, by name and by id, and for no other", async () => {
  const early = stateOf("home");
  opened = application.open();
  await application.defined;
  const { id } = application.vm("home");
  const answers = Promise.all([early, stateOf("home"), stateOf(id)]);
  const copying = untilKnown(application, "transfer.copy", { from: null, to: "home" });
  adoptions["home"]?.resolve(new ScriptedMachine());
  expect(await answers).toEqual(["starting", "starting", "starting"]);
  await copying;
  expect(application.vm("web").status.isInDoubt).toBe(true);
  await expect(ask("vm.info", { vm: "nobody" })).rejects.toMatchObject({ code: "vm.not-found" });
  for (const untrusted of [undefined, null, "web", ["web"], { vm: ["web"] }, { argv: "web" }])
    await untilKnown(application, "exec.start", untrusted);
  // That is within its own limit of time.
  await expect(ask("vm.stop", { vm: "web", waitS: 0.05 })).rejects.toMatchObject({ code: "vm.timeout" });
  adoptions["web"]?.resolve(null);
  await opened;
});

it("a VM that is named deeper in the input is waited for, too", async () => {
  opened = application.open();
  await application.defined;
  const known = vi.fn<() => void>();
  const opening = { item: { kind: "url", url: "https://example.org" }, in: { kind: "vm", vm: "home" } };
  const isKnown = untilKnown(application, "open.open", opening).then(known);
  await untilKnown(application, "open.open", { ...opening, in: { kind: "disposable" } });
  expect(known).not.toHaveBeenCalled();
  adoptions["home"]?.resolve(null);
  await isKnown;
  adoptions["web"]?.resolve(null);
  await opened;
});

it("what is about no VM, and what nobody has declared, waits for nothing", async () => {
  for (const method of ["desktop.raise", "desktop.open", "nobody.knows", "constructor", "__proto__"])
    await untilKnown(application, method, { vm: "home" });
  const listed = vi.fn<() => void>();
  const isKnown = untilKnown(application, "app.list", { vm: null }).then(listed);
  await untilKnown(application, "desktop.raise", {});
  expect(listed).not.toHaveBeenCalled();
  for (const { promise: _, resolve } of Object.values(adoptions)) resolve(null);
  await application.open();
  await isKnown;
});

it("the list of VMs waits for all of them", async () => {
  opened = application.open();
  const listed = vi.fn<(list: unknown) => void>();
  const list = ask("vm.list", {}).then(listed);
  await application.defined;
  adoptions["home"]?.resolve(new ScriptedMachine());
  expect(await stateOf("home")).toBe("starting");
  expect(listed).not.toHaveBeenCalled();
  adoptions["web"]?.resolve(null);
  await list;
  expect(listed).toHaveBeenCalledExactlyOnceWith([
    expect.objectContaining({ name: "home", state: "starting" }),
    expect.objectContaining({ name: "web", state: "stopped" }),
  ]);
  await opened;
});

it("a VM that cannot be reached is answered with what is known, and is not tried again for that", async () => {
  opened = application.open();
  await application.defined;
  const list = ask("vm.list", {});
  adoptions["home"]?.reject(new AppError("hardware.monitor-failed", "It does not answer."));
  adoptions["web"]?.resolve(null);
  expect(await list).toMatchObject([{ state: "unresponsive", stateReason: "agent-lost" }, { state: "stopped" }]);
  await opened;
  adoptions["home"] = deferred();
  expect(await stateOf("home")).toBe("unresponsive");
});
