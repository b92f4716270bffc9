import { beforeEach, describe, expect, it, vi } from "vitest";
import { quarantineContract } from "#shared/ipc/quarantine.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { QuarantinedFile } from "#shared/model/quarantine.ts";
import type { FilesParty } from "../files/transfer.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import type { Vm } from "../vms/vm.ts";
import type { Quarantine } from "./quarantine.ts";
import { quarantineHandlers, sendQuarantineEvents } from "./quarantine-requests.ts";

const HOME = { definition: { name: "home" } } as Vm;
let files: QuarantinedFile[];
const restore = vi.fn<(id: number, target?: FilesParty, signal?: AbortSignal) => Promise<string>>();
const remove = vi.fn<(id: number) => Promise<void>>();
const quarantine = {
  get files() {
    return files;
  },
  restore,
  delete: remove,
} as unknown as Quarantine;

const dispatcher = Dispatcher.of(
  { quarantine: quarantineContract },
  { quarantine: quarantineHandlers({ application: { vm: () => HOME }, quarantine }) },
  { checksOutputs: true },
);
const ofPage = (name: string, input: object): Promise<unknown> => called(dispatcher, PAGE_CALLER, name, input);

beforeEach(() => {
  files = [];
  restore.mockReset().mockResolvedValue("/home/user/Incoming/a");
  remove.mockReset().mockResolvedValue();
});

it("what is kept is listed", async () => {
  expect(await ofPage("quarantine.list", {})).toEqual([]);
});

describe("a file goes", () => {
  it.each<[string, object, FilesParty | undefined]>([
    ["where it was on its way to", {}, undefined],
    ["to the host", { to: null }, { kind: "host" }],
    ["to a VM that is named", { to: "home" }, { kind: "vm", vm: HOME }],
  ])("%s, and the answer says where it is there", async (_where, to, target) => {
    expect(await ofPage("quarantine.restore", { id: 3, ...to })).toEqual({ path: "/home/user/Incoming/a" });
    // The page waits as long as the person likes.
    expect(restore).toHaveBeenCalledExactlyOnceWith(3, target, undefined);
  });

  it("for a command within its time alone", async () => {
    await called(dispatcher, cliCaller(), "quarantine.restore", { id: 3, askS: 5 });
    expect(restore.mock.calls[0]?.[2]).toBeInstanceOf(AbortSignal);
  });
});

it("one that is deleted is answered when it is gone, and one that is not there is said to be none", async () => {
  expect(await ofPage("quarantine.delete", { id: 3 })).toBeNull();
  expect(remove).toHaveBeenCalledExactlyOnceWith(3);
  remove.mockRejectedValue(new AppError("quarantine.not-found", "There is no file 4 in quarantine."));
  await expect(ofPage("quarantine.delete", { id: 4 })).rejects.toMatchObject({ code: "quarantine.not-found" });
});

it("the page hears of every change", () => {
  const page = new CheckedPage();
  let changed = (): void => undefined;
  sendQuarantineEvents({
    page,
    quarantine: { on: (_event: "changed", listener: () => void) => void (changed = listener) } as never,
  });
  changed();
  expect(page.events).toEqual([{ name: "quarantine.changed", payload: {} }]);
});
