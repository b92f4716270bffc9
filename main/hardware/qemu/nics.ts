/** Network interfaces of a QEMU that runs, through its monitor. What there is, QEMU is asked each time: it outlives us. */
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import { checkedSocket } from "../../base/paths.ts";
import { waitFor } from "../../base/waiting.ts";
import { type MachineNics, NIC_ID_PATTERN, type NicSpec } from "../driver.ts";
import { NIC_SLOTS, nicDevice, nicDeviceId, nicNetdev, nicSlotId, nicSocketName } from "./nic-words.ts";
import type { QmpClient } from "./qmp.ts";

/** Where QEMU keeps the devices that have ids. */
const DEVICES_PATH = "/machine/peripheral";
/** How long a guest may take to give an interface away. */
const UNPLUG_TIMEOUT_MS = 10_000;

export class QemuNics implements MachineNics {
  readonly #folder: string;
  readonly #qmp: QmpClient;
  /** Plugging and unplugging take turns. */
  #last: Promise<unknown> = Promise.resolve();
  /** Devices that the guest was asked for, and has not given away yet. It may do so at any time. */
  readonly #leaving = new Set<string>();

  /** @param folder runtime folder of the VM */
  constructor(folder: string, qmp: QmpClient) {
    this.#folder = folder;
    this.#qmp = qmp;
    qmp.on("DEVICE_DELETED", ({ device = "" }) => this.#leaving.delete(device));
  }

  socket(id: string): string {
    return checkedSocket(path.join(this.#folder, nicSocketName(checkedId(id))));
  }

  async setLink(id: string, isUp: boolean): Promise<void> {
    // Of the device, not of its back end: that one says by the same mark whether somebody has connected.
    await this.#qmp.execute("set_link", { name: nicDeviceId(checkedId(id)), up: isUp });
  }

  async list(): Promise<readonly string[]> {
    const [devices, prefix] = [await this.#devices(), nicDeviceId("")];
    return [...devices].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  plug(nic: NicSpec): Promise<void> {
    this.socket(nic.id); // refuses a path that is too long
    return this.#exclusive(() => this.#plug(nic));
  }

  unplug(id: string): Promise<void> {
    return this.#exclusive(() => this.#unplug(checkedId(id)));
  }

  async #plug(nic: NicSpec): Promise<void> {
    if (this.#leaving.has(nicDeviceId(nic.id))) await this.#unplug(nic.id);
    const devices = await this.#devices();
    if (devices.has(nicDeviceId(nic.id))) return;
    const taken = await this.#takenSlots(devices);
    const slot = Array.from({ length: NIC_SLOTS }, (_, index) => index).find(
      (index) => devices.has(nicSlotId(index)) && !taken.has(nicSlotId(index)),
    );
    if (slot === undefined)
      throw new AppError("hardware.no-nic-slot", "The VM has no slot left for another network interface.", {
        slots: NIC_SLOTS,
      });
    await this.#removeBackEnd(nic.id); // left by an unplugging that took too long
    await this.#qmp.execute("netdev_add", nicNetdev(nic));
    try {
      await this.#qmp.execute("device_add", nicDevice(nic, slot));
    } catch (error) {
      // A device that comes late would have no back end, and nobody could tell.
      if (!isLate(error)) await this.#removeBackEnd(nic.id);
      throw error;
    }
    await this.setLink(nic.id, false);
  }

  async #unplug(id: string): Promise<void> {
    const device = nicDeviceId(id);
    if ((await this.#devices()).has(device)) {
      this.#leaving.add(device);
      await waitFor({
        listen: ({ resolve, reject }) => {
          const stops = [
            this.#qmp.on("DEVICE_DELETED", (deleted) => {
              if (deleted.device === device) resolve();
            }),
            this.#qmp.on("closed", () => reject(gone())),
          ];
          // An earlier request that the guest has not answered yet is no failure of this one.
          this.#qmp.execute("device_del", { id: device }).catch(() => undefined);
          return () => {
            for (const stop of stops) stop();
          };
        },
        timeoutMs: UNPLUG_TIMEOUT_MS,
        onTimeout: ({ reject }) =>
          reject(new AppError("hardware.monitor-failed", `The guest keeps its network interface "${id}".`, { id })),
      });
    }
    this.#leaving.delete(device);
    await this.#removeBackEnd(id);
  }

  async #devices(): Promise<Set<string>> {
    const devices = await this.#qmp.execute("qom-list", { path: DEVICES_PATH });
    return new Set(devices.map(({ name }) => name));
  }

  async #takenSlots(devices: ReadonlySet<string>): Promise<Set<string>> {
    const nics = [...devices].filter((name) => name.startsWith(nicDeviceId("")));
    const buses = await Promise.all(
      nics.map((name) => this.#qmp.execute("qom-get", { path: `${DEVICES_PATH}/${name}`, property: "parent_bus" })),
    );
    // Such as "/machine/peripheral/slot3/slot3".
    return new Set(buses.map((bus) => (typeof bus === "string" ? path.posix.basename(bus) : "")));
  }

  async #removeBackEnd(id: string): Promise<void> {
    await this.#qmp.execute("netdev_del", { id }).catch(() => undefined); // there is none
  }

  #exclusive<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(act);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function checkedId(id: string): string {
  if (NIC_ID_PATTERN.test(id)) return id;
  throw new AppError("internal", `"${id}" is no id of a network interface.`);
}

function isLate(error: unknown): boolean {
  return error instanceof AppError && error.details["isLate"] === true;
}

function gone(): AppError {
  return new AppError("hardware.monitor-failed", "QEMU ended before it answered.", { isGone: true });
}
