import { describe, expect, it } from "vitest";
import { disposableContract } from "#shared/ipc/disposable.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { windowIdOf, type SurfaceId } from "#shared/model/window.ts";
import type { ClientConnection } from "../ipc/caller.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import type { Vm } from "../vms/vm.ts";
import type { DisposableRequest, StartedDisposable } from "./disposables.ts";
import { disposableHandlers } from "./requests.ts";

const homeId = "11111111-1111-4111-8111-111111111111" as VmId;
const vmId = "22222222-2222-4222-8222-222222222222" as VmId;
const windowId = windowIdOf(vmId, 3 as SurfaceId);

function dispatcherOf(
  start: (request: DisposableRequest, signal: AbortSignal | undefined) => Promise<StartedDisposable>,
) {
  const disposable = disposableHandlers({
    application: { vm: (name) => ({ id: name === "home" ? homeId : vmId }) as Vm },
    disposables: { start: (request, options) => start(request, options?.signal) },
  });
  return Dispatcher.of({ disposable: disposableContract }, { disposable }, { checksOutputs: true });
}

describe("disposable.start", () => {
  it("answers with the VM's name, the first window and where it came from", async () => {
    const asked: DisposableRequest[] = [];
    const dispatcher = dispatcherOf((request) => {
      asked.push(request);
      return Promise.resolve({
        vmId,
        name: "disp-1",
        origin: "fork",
        ms: 70,
        launched: { pid: 1, launch: 2, windowId },
      });
    });
    const input = { program: { argv: ["foot"] }, forVm: "home", template: "debian" };
    expect(await called(dispatcher, PAGE_CALLER, "disposable.start", input)).toEqual({
      vm: "disp-1",
      windowId,
      ms: 70,
      origin: "fork",
    });
    expect(asked).toMatchObject([{ template: "debian", network: "none", program: { argv: ["foot"] }, forVm: homeId }]);
  });

  it("has no window where no program was asked for", async () => {
    const dispatcher = dispatcherOf(() =>
      Promise.resolve({ vmId, name: "disp-1", origin: "cold", ms: 70, launched: null }),
    );
    expect(await called(dispatcher, cliCaller(), "disposable.start", {})).toMatchObject({ windowId: null });
  });

  it("is taken back when the command has gone", async () => {
    let hangUp: () => void = () => undefined;
    const connection: ClientConnection = {
      notify: () => undefined,
      onClose: (listener) => (hangUp = listener),
    };
    const dispatcher = dispatcherOf(
      (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new AppError("vm.start-cancelled", "gone")));
          hangUp();
        }),
    );
    await expect(called(dispatcher, cliCaller(connection), "disposable.start", {})).rejects.toMatchObject({
      code: "vm.start-cancelled",
    });
  });
});
