import { expect, it } from "vitest";
import type { RequestInput } from "#shared/ipc/index.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { testShell } from "../shell/testing.ts";
import { choosePreset, narrowedNetwork, type PresetRole } from "./presets.ts";

it("a role narrows a network that would let it reach more, and widens none", () => {
  const networks = ["none", "firewall", "direct", null] as const;
  const of = (role: PresetRole) => networks.map((network) => narrowedNetwork(role, network));
  expect(of("app")).toEqual([null, null, null, null]);
  expect(of("work")).toEqual([null, null, "firewall", null]);
  expect(of("vault")).toEqual([null, "none", "none", null]);
});

/** What the page asks for, and then at "Undo"; and what it says. */
async function chosen(vm: Partial<VmStatus>, role: PresetRole, isRefused = false) {
  const asked: RequestInput<"vm.set">[] = [];
  const told: string[] = [];
  const shell = testShell({
    bridge: {
      request: async (_: string, input: RequestInput<"vm.set">) => {
        asked.push(input);
        return isRefused ? { ok: false, error: { code: "vm.bad-definition", message: "It is broken." } } : { ok: true };
      },
    } as never,
    send: ((_: string, input: RequestInput<"vm.set">) => void asked.push(input)) as never,
  });
  shell.notices.tell = (text, { action }) => {
    told.push(text);
    action?.run();
  };
  shell.notices.show = (text) => void told.push(text);
  await choosePreset(shell, { id: "web" as VmId, name: "web", ...vm } as VmStatus & { role: PresetRole }, role);
  return { asked, told };
}

it("a VM's role is changed with its network, and both are taken back by Undo", async () => {
  expect(await chosen({ role: "app", network: "firewall" }, "vault")).toEqual({
    asked: [
      { vm: "web", role: "vault", network: "none" },
      { vm: "web", role: "app", network: "firewall" },
    ],
    told: ["web is a vault now, and it has no network."],
  });
  expect(await chosen({ role: "app", network: "firewall" }, "work")).toEqual({
    asked: [
      { vm: "web", role: "work" },
      { vm: "web", role: "app" },
    ],
    told: ["web is for work now."],
  });
});

it("nothing happens where it is that already, and what fails is told", async () => {
  expect(await chosen({ role: "app", network: "none" }, "app")).toEqual({ asked: [], told: [] });
  const { asked, told } = await chosen({ role: "app", network: "none" }, "work", true);
  expect([asked.length, told]).toEqual([1, ["It is broken."]]);
});
