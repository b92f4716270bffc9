import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import { LinkIndices } from "./link-indices.ts";
import { Networks } from "./networks.ts";
import type { UplinkChoice } from "./uplink.ts";
import { ScriptedFilter, ScriptedRelay, ScriptedVm } from "./testing/scripted-links.ts";

vi.mock("../base/write-file.ts", () => ({ writeFileAtomically: () => Promise.resolve() }));

let folder: string;
/** What has happened, in order. */
let happened: string[];
let relays: ScriptedRelay[];
let vms: ScriptedVm[];
let firewall: ScriptedVm;
let filter: ScriptedFilter;
let indices: LinkIndices;
let networks: Networks;
let uplink: UplinkChoice;
let ending: AbortController;

const happen = (what: string): void => void happened.push(what);
const vm = (name: string, network: "none" | "firewall" | "direct"): ScriptedVm => {
  const made = new ScriptedVm(name, network, happen);
  vms.push(made);
  return made;
};
/** Those that run. */
const running = (): string[] => relays.filter(({ isOver }) => !isOver).map(({ sockets }) => sockets.join(" "));
const relayOf = (socket: string): ScriptedRelay | undefined =>
  relays.find(({ isOver, sockets }) => !isOver && sockets.includes(socket));
const settled = () => vi.advanceTimersByTimeAsync(0);
const look = (): Promise<unknown> => {
  networks.look();
  return settled();
};

beforeEach(() => {
  vi.useFakeTimers();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-networks-"));
  [happened, relays, vms] = [[], [], []];
  uplink = { options: [], problem: null };
  indices = new LinkIndices(folder);
  ending = new AbortController();
  firewall = vm("fw", "none");
  filter = new ScriptedFilter(firewall);
  networks = new Networks({
    vms: () => vms,
    indices,
    startRelay: (work) => {
      const relay = new ScriptedRelay(work, happen);
      relays.push(relay);
      return relay;
    },
    uplinkCommand: (_ends, more) => ["passt", ...more],
    filterUplink: () => uplink,
    filter,
    ending: ending.signal,
    log: () => undefined,
  });
});
afterEach(() => {
  networks.close();
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe("a VM that is joined with the internet", () => {
  it("has a carrier as long as frames pass", async () => {
    const home = vm("home", "direct");
    await look();
    expect(running()).toEqual([]);
    home.start("nic");
    await look();
    expect(running()).toEqual(["/home/nic"]);
    expect(home.nics?.links).toEqual({ nic: false });
    relayOf("/home/nic")?.emit("joined");
    await settled();
    expect(home.nics?.links).toEqual({ nic: true });
    expect(home.detail).toBe("");
    relayOf("/home/nic")?.emit("parted", "passt: not found");
    await settled();
    expect(home.nics?.links).toEqual({ nic: false });
    expect(home.detail).toBe("Its network is cut: passt: not found.");
  });

  it("gets another relay where one has ended", async () => {
    const home = vm("home", "direct");
    home.start("nic");
    await look();
    relayOf("/home/nic")?.emit("joined");
    await settled();
    const [first] = relays;
    first?.emit("ended", "SIGKILL");
    if (first !== undefined) first.isOver = true;
    await settled();
    expect(home.nics?.links).toEqual({ nic: false });
    await vi.advanceTimersByTimeAsync(200);
    expect(running()).toEqual(["/home/nic"]);
    relayOf("/home/nic")?.emit("joined");
    await settled();
    expect(home.nics?.links).toEqual({ nic: true });
  });

  it("is joined anew when its machine is another one, and never where it has ended", async () => {
    const home = vm("home", "direct");
    home.start("nic");
    await look();
    home.nics = null;
    networks.look();
    expect(running()).toEqual([]);
    home.start("nic");
    await look();
    expect(running()).toEqual(["/home/nic"]);
  });

  it("is cut at once where its network is none any more", async () => {
    const home = vm("home", "direct");
    home.start("nic");
    await look();
    relayOf("/home/nic")?.emit("joined");
    await settled();
    home.status.network = "none";
    networks.look();
    expect(running()).toEqual([]);
    await settled();
    expect(home.nics?.links).toEqual({ nic: false });
  });
});

it("a machine that is slow to answer gets its network all the same", async () => {
  const home = vm("home", "direct");
  home.start("nic");
  home.nics?.refusals.set("nic", 1);
  await look();
  expect(running()).toEqual([]);
  await vi.advanceTimersByTimeAsync(500);
  expect(running()).toEqual(["/home/nic"]);
  expect(home.detail).not.toContain("next start");
});

it("a machine that began without an interface says when it gets one", async () => {
  const home = vm("home", "direct");
  home.start();
  await look();
  expect(running()).toEqual([]);
  expect(home.detail).toBe("It gets its network at its next start.");
  home.status.network = "none";
  await look();
  expect(home.detail).toBe("");
});

it("a VM without a network is left alone, but for what an earlier run has left up", async () => {
  const [vault, was] = [vm("vault", "none"), vm("was", "none")];
  await indices.indexOf(was.id);
  vault.start("nic");
  was.start("nic");
  await look();
  expect(running()).toEqual([]);
  expect(vault.nics?.links).toEqual({ nic: true });
  expect(was.nics?.links).toEqual({ nic: false });
});

it("a VM that was removed gives its number back", async () => {
  const home = vm("home", "direct");
  home.start("nic");
  await look();
  expect(indices.find(home.id)).toBe(1);
  vms = vms.filter((one) => one !== home);
  await look();
  expect(indices.find(home.id)).toBeUndefined();
  expect(running()).toEqual([]);
});

describe("a VM behind the firewall", () => {
  /** Its number is 1, the firewall's 2. */
  async function ready(): Promise<ScriptedVm> {
    const web = vm("web", "firewall");
    web.start("nic");
    await look();
    firewall.start();
    filter.is(true);
    await settled();
    return web;
  }

  async function joined(): Promise<ScriptedVm> {
    const web = await ready();
    filter.is(true, "link-1");
    await settled();
    relayOf("/web/nic")?.emit("joined");
    relayOf("/fw/uplink")?.emit("joined");
    await settled();
    return web;
  }

  it("has the firewall started, and waits for it with a reason", async () => {
    const web = vm("web", "firewall");
    await look();
    expect(filter.starts).toBe(0);
    web.start("nic");
    await look();
    expect(filter.starts).toBe(1);
    expect(web.detail).toBe("Its network waits for the firewall: it starts.");
    expect(web.nics?.links).toEqual({ nic: false });
    expect(running()).toEqual([]);
  });

  it("says why the firewall cannot be started, which is tried again", async () => {
    filter.failure = new Error("its image cannot be built.");
    const web = vm("web", "firewall");
    web.start("nic");
    await look();
    expect(web.detail).toBe("Its network waits for the firewall: its image cannot be built.");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(filter.starts).toBe(2);
  });

  it("has a firewall that has stopped not started again while the application ends", async () => {
    filter.failure = new Error("its image cannot be built.");
    const web = vm("web", "firewall");
    web.start("nic");
    await look();
    expect(filter.starts).toBe(1);
    ending.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    await look();
    expect(filter.starts).toBe(1);
  });

  it("is joined all the same where the firewall takes its interface at the third try only", async () => {
    const web = vm("web", "firewall");
    web.start("nic");
    await look();
    firewall.start();
    firewall.nics?.refusals.set("l1", 2);
    filter.is(true, "link-1");
    await settled();
    expect(running()).toEqual(["/fw/uplink"]);
    await vi.advanceTimersByTimeAsync(500);
    expect(running()).toEqual(["/fw/uplink"]);
    await vi.advanceTimersByTimeAsync(1_000);
    // The scripted filter keeps what it says is in force, whatever it is told.
    expect(running()).toEqual(["/fw/uplink", "/web/nic /fw/l1"]);
  });

  it("is joined all the same where its number cannot be had at once", async () => {
    const web = vm("web", "firewall");
    web.start("nic");
    const refused = vi.spyOn(indices, "indexOf").mockRejectedValueOnce(new Error("the disk is full"));
    await look();
    expect(refused).toHaveBeenCalledTimes(1);
    expect(filter.starts).toBe(0);
    await vi.advanceTimersByTimeAsync(500);
    expect(filter.starts).toBe(1);
  });

  it("has its twin before the firewall's program is there, and is joined by that", async () => {
    const web = vm("web", "firewall");
    web.start("nic");
    await look();
    firewall.start();
    filter.isUp = true;
    await look();
    expect(firewall.nics?.links).toEqual({ uplink: false, l1: false });
    expect(filter.links).toHaveLength(1);
    expect(running()).toEqual([]);
    filter.is(true, "link-1");
    await settled();
    expect(running()).toEqual(["/fw/uplink", "/web/nic /fw/l1"]);
  });

  it("is not joined before its rules are in force", async () => {
    const web = await ready();
    expect(firewall.nics?.links).toEqual({ uplink: false, l1: false });
    expect(filter.links).toEqual([
      {
        vm: web.id,
        id: "link-1",
        own: { mac: "52:54:00:b7:00:01", ipv4: "10.137.0.5", ipv6: "fd00:137:1::1" },
        guest: { mac: "52:54:00:a7:00:01", ipv4: "10.137.0.6", ipv6: "fd00:137:1::2" },
      },
    ]);
    expect(filter.uplink).toEqual({
      own: { mac: "52:54:00:c7:00:02", ipv4: "10.137.0.10", ipv6: "fd00:137:2::2" },
      gateway: { ipv4: "10.137.0.9", ipv6: "fd00:137:2::1" },
      session: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(running()).toEqual(["/fw/uplink"]);
    expect(web.detail).toBe("Its network waits for the firewall: its rules are not in force yet.");
    filter.is(true, "link-7");
    await settled();
    expect(running()).toEqual(["/fw/uplink"]);
    filter.is(true, "link-1");
    await settled();
    expect(running()).toEqual(["/fw/uplink", "/web/nic /fw/l1"]);
    expect(web.nics?.links).toEqual({ nic: false });
    relayOf("/web/nic")?.emit("joined");
    await settled();
    expect(web.nics?.links).toEqual({ nic: true });
    expect(web.detail).toBe("");
  });

  it("says why the firewall has not put its rules in force, and no other VM's reason", async () => {
    const web = vm("web", "firewall");
    const mail = vm("mail", "firewall");
    for (const one of [web, mail]) one.start("nic");
    await look();
    firewall.start();
    filter.problems.set(mail.id, "too many rules");
    filter.is(true);
    await settled();
    expect([web, mail].map(({ detail }) => detail)).toEqual([
      "Its network waits for the firewall: its rules are not in force yet.",
      "Its network waits for the firewall: too many rules.",
    ]);
  });

  it("says that the firewall has no room for it", async () => {
    const web = vm("web", "firewall");
    web.start("nic");
    await look();
    firewall.start();
    vi.spyOn(firewall.nics as object as { plug(nic: { id: string }): Promise<void> }, "plug").mockRejectedValue(
      new AppError("hardware.no-nic-slot", "no"),
    );
    filter.is(true);
    await settled();
    expect(web.detail).toBe("Its network waits for the firewall: it has no room for another VM.");
  });

  it("has what an earlier run of the application left in the firewall taken away, but of VMs that may run", async () => {
    const [web, maybe, old] = [vm("web", "firewall"), vm("maybe", "firewall"), vm("old", "firewall")];
    for (const { id } of [web, maybe, old]) await indices.indexOf(id);
    web.start("nic");
    maybe.isInDoubt = true;
    firewall.start("nic", "uplink", "l1", "l2", "l3");
    filter.is(true, "link-1");
    await look();
    expect(firewall.nics?.links).toEqual({ nic: false, uplink: false, l1: false, l2: true });
    expect(running()).toEqual(["/fw/uplink", "/web/nic /fw/l1"]);
    // What that has open in the firewall is not ended meanwhile.
    expect(filter.links.map(({ id }) => id)).toEqual(["link-1", "link-2"]);
    maybe.isInDoubt = false;
    await look();
    expect(filter.links.map(({ id }) => id)).toEqual(["link-1"]);
    expect(Object.keys(firewall.nics?.links ?? {})).toEqual(["nic", "uplink", "l1"]);
  });

  it("keeps what it has open in the firewall while its machine does not say which interfaces it has", async () => {
    const web = vm("web", "firewall");
    await indices.indexOf(web.id);
    web.start("nic");
    const list = vi.spyOn(web.nics as object as { list(): Promise<readonly string[]> }, "list");
    list.mockRejectedValue(new Error("it does not answer"));
    firewall.start("nic", "uplink", "l1");
    filter.is(true, "link-1");
    await look();
    expect(filter.links.map(({ id }) => id)).toEqual(["link-1"]);
    expect([firewall.nics?.links["l1"], running()]).toEqual([true, ["/fw/uplink"]]);
    list.mockRestore();
    await look();
    expect(running()).toEqual(["/fw/uplink", "/web/nic /fw/l1"]);
  });

  it("is joined once the firewall has said what it has left, which is taken away then", async () => {
    const [web, old] = [vm("web", "firewall"), vm("old", "firewall")];
    for (const { id } of [web, old]) await indices.indexOf(id);
    web.start("nic");
    firewall.start("l2");
    const list = vi.spyOn(firewall.nics as object as { list(): Promise<readonly string[]> }, "list");
    list.mockRejectedValueOnce(new Error("it does not answer"));
    filter.is(true, "link-1");
    await settled();
    expect([Object.keys(firewall.nics?.links ?? {}), running()]).toEqual([["l2"], []]);
    await vi.advanceTimersByTimeAsync(500);
    expect(Object.keys(firewall.nics?.links ?? {})).toEqual(["uplink", "l1"]);
    expect(running()).toContain("/web/nic /fw/l1");
  });

  it("gets its carrier after its twin has one", async () => {
    await joined();
    expect(happened.filter((what) => /(l1|nic) up/.test(what))).toEqual(["fw l1 up", "web nic up"]);
  });

  it.each([
    ["the firewall's program has gone", () => filter.is(false)],
    ["its rules are not in force any more", () => filter.is(true)],
    [
      "the firewall VM has ended",
      () => {
        firewall.nics = null;
        networks.look();
      },
    ],
    [
      "it has ended",
      (web: ScriptedVm) => {
        web.nics = null;
        networks.look();
      },
    ],
    [
      "its network is another one",
      (web: ScriptedVm) => {
        web.status.network = "none";
        networks.look();
      },
    ],
    [
      "it was removed",
      (web: ScriptedVm) => {
        vms = vms.filter((one) => one !== web);
        networks.look();
      },
    ],
    ["the application ends", () => networks.close()],
  ])("is cut before anything else happens when %s", async (_what, lose) => {
    const web = await joined();
    const { nics } = web;
    happened = [];
    lose(web);
    expect(happened[0]).toBe("cut /web/nic /fw/l1");
    await settled();
    expect(nics?.links).toEqual({ nic: false });
  });

  it("is joined again after the firewall VM's restart, once it has interfaces and rules again", async () => {
    const web = await joined();
    firewall.nics = null;
    filter.is(false);
    await settled();
    expect(running()).toEqual([]);
    firewall.start();
    filter.is(true);
    await settled();
    expect(firewall.nics).toMatchObject({ links: { uplink: false, l1: false } });
    expect(running()).toEqual(["/fw/uplink"]);
    filter.is(true, "link-1");
    await settled();
    relayOf("/web/nic")?.emit("joined");
    await settled();
    expect(web.nics?.links).toEqual({ nic: true });
  });

  it("gets a carrier that could not be set at once", async () => {
    const web = await ready();
    filter.is(true, "link-1");
    await settled();
    web.nics?.refusals.set("nic", 1);
    relayOf("/web/nic")?.emit("joined");
    await settled();
    expect(web.nics?.links).toEqual({ nic: false });
    expect(web.detail).toBe("Its network is cut: nic does not answer.");
    await vi.advanceTimersByTimeAsync(200);
    expect(web.nics?.links).toEqual({ nic: true });
    expect(web.detail).toBe("");
  });

  it("keeps its carrier where what was asked of the firewall VM that was killed is answered late, or never", async () => {
    const web = await joined();
    if (firewall.nics !== null) firewall.nics.isMute = true;
    relayOf("/web/nic")?.emit("parted", "closed");
    await settled();
    expect(web.nics?.links).toEqual({ nic: false });
    firewall.nics = null;
    filter.is(false);
    firewall.start();
    filter.is(true, "link-1");
    await settled();
    relayOf("/web/nic")?.emit("joined");
    await settled();
    expect(web.nics?.links).toEqual({ nic: true });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(web.nics?.links).toEqual({ nic: true });
  });

  it("is joined again when its firewall's program is back, in the same machine", async () => {
    const web = await joined();
    filter.is(false);
    await settled();
    filter.is(true, "link-1");
    await settled();
    relayOf("/web/nic")?.emit("joined");
    await settled();
    expect(web.nics?.links).toEqual({ nic: true });
    expect(firewall.nics?.links).toMatchObject({ l1: true });
  });

  it("leaves its slot in the firewall when it does not run", async () => {
    const web = await joined();
    web.nics = null;
    await look();
    expect(firewall.nics?.links).toEqual({ uplink: true });
    expect(filter.links).toEqual([]);
  });

  it("leaves its slot in the firewall at a later try, where that has kept it, and is a reason that others have no room", async () => {
    const web = await joined();
    firewall.nics?.kept.add("l1");
    web.nics = null;
    await look();
    expect(firewall.nics?.links).toEqual({ l1: false, uplink: true });
    expect(filter.links).toEqual([]);
    const plug = vi.spyOn(firewall.nics as object as { plug(nic: { id: string }): Promise<void> }, "plug");
    plug.mockRejectedValue(new AppError("hardware.no-nic-slot", "no"));
    const mail = vm("mail", "firewall");
    mail.start("nic");
    await look();
    expect(mail.detail).toContain(
      "it has no room for another VM, as it has not given away interfaces that nobody uses (1)",
    );
    plug.mockRestore();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(firewall.nics?.links).toMatchObject({ l1: false });
    firewall.nics?.kept.clear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Object.keys(firewall.nics?.links ?? {})).toEqual(["uplink", "l3"]);
  });

  it("keeps its slot where it runs again before the firewall has given that away", async () => {
    const web = await joined();
    firewall.nics?.kept.add("l1");
    web.nics = null;
    await look();
    web.start("nic");
    await look();
    firewall.nics?.kept.clear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(firewall.nics?.links).toMatchObject({ l1: false, uplink: true });
  });

  it("goes by the interface that is chosen alone: another one is another uplink, and one that is not there is none", async () => {
    const command = (): unknown => {
      const work = relayOf("/fw/uplink")?.work;
      return work?.kind === "uplink" ? work.command : null;
    };
    const web = await joined();
    expect(command()).toEqual(["passt"]);
    uplink = { options: ["wlan0"], problem: null };
    happened = [];
    networks.look();
    expect(happened[0]).toBe("cut /fw/uplink");
    await settled();
    expect(command()).toEqual(["passt", "wlan0"]);
    uplink = { options: ["wlan0"], problem: "wlan0 is not up" };
    networks.look();
    expect(command()).toBe(null);
    await settled();
    expect([command(), web.detail]).toEqual([null, "Its firewall has no way to the internet: wlan0 is not up."]);
    // A VM that needs no firewall has the way that this computer has.
    const home = vm("home", "direct");
    home.start("nic");
    await look();
    const work = relayOf("/home/nic")?.work;
    expect(work?.kind === "uplink" && work.command).toEqual(["passt"]);
    uplink = { options: ["wlan0"], problem: null };
    await look();
    expect([command(), web.detail]).toEqual([["passt", "wlan0"], ""]);
  });

  it("has another session each time that the uplink is lost, and no carrier there before the firewall knows", async () => {
    await joined();
    const sessions = [filter.uplink?.session];
    const lose = [
      () => relayOf("/fw/uplink")?.emit("parted", "closed"),
      () => {
        const relay = relayOf("/fw/uplink");
        relay?.emit("ended", "SIGKILL");
        if (relay !== undefined) relay.isOver = true;
      },
      () => {
        uplink = { options: ["wlan0"], problem: null };
        networks.look();
      },
    ];
    for (const [lost, how] of lose.entries()) {
      happened = [];
      how();
      await vi.advanceTimersByTimeAsync(200);
      expect(firewall.nics?.links).toMatchObject({ uplink: false });
      sessions.push(filter.uplink?.session);
      expect(new Set(sessions).size).toBe(lost + 2);
      // Nothing more is lost where nothing could pass.
      relayOf("/fw/uplink")?.emit("parted", "passt: not found");
      await settled();
      relayOf("/fw/uplink")?.emit("joined");
      await settled();
      expect(firewall.nics?.links).toMatchObject({ uplink: false });
      expect(filter.uplink?.session).toBe(sessions.at(-1));
      filter.is(true, "link-1");
      await settled();
      expect(firewall.nics?.links).toMatchObject({ uplink: true });
      expect(filter.uplink?.session).toBe(sessions.at(-1));
    }
  });

  it("says that the firewall has no way to the internet", async () => {
    const web = await joined();
    relayOf("/fw/uplink")?.emit("parted", "passt: not found");
    await settled();
    expect(web.nics?.links).toEqual({ nic: true });
    expect(web.detail).toBe("Its firewall has no way to the internet: passt: not found.");
  });
});

describe("VMs that go by a service", () => {
  it("are joined with its VM, which has no uplink; another VM's number is not given away", async () => {
    networks.close();
    const others = vm("home", "firewall");
    const kept = await indices.indexOf(others.id);
    const work = vm("work", "firewall");
    const own = new Networks({
      vms: () => [work],
      known: () => vms.map(({ id }) => id),
      indices,
      startRelay: (relayed) => {
        const relay = new ScriptedRelay(relayed, happen);
        relays.push(relay);
        return relay;
      },
      uplinkCommand: () => ["passt"],
      filter,
      filterName: 'service "vpn"',
      filterHasUplink: false,
      ending: ending.signal,
      log: () => undefined,
    });
    const lookAgain = (): Promise<unknown> => {
      own.look();
      return settled();
    };
    work.start("nic");
    await lookAgain();
    expect(work.detail).toBe('Its network waits for service "vpn": it starts.');
    firewall.start();
    filter.is(true);
    await lookAgain();
    const index = indices.find(work.id) ?? 0;
    expect([filter.links.map(({ vm: id }) => id), filter.uplink]).toEqual([[work.id], null]);
    expect(Object.keys(firewall.nics?.links ?? {})).toEqual([`l${index}`]);
    filter.problems.set(work.id, "it has no configuration yet");
    await lookAgain();
    expect(work.detail).toBe('Its network waits for service "vpn": it has no configuration yet.');
    filter.is(true, `link-${index}`);
    await lookAgain();
    expect(running()).toEqual([`/work/nic /fw/l${index}`]);
    relayOf("/work/nic")?.emit("joined");
    await settled();
    expect([work.nics?.links, work.detail]).toEqual([{ nic: true }, ""]);
    filter.is(false);
    expect(running()).toEqual([]);
    expect(indices.find(others.id)).toBe(kept);
    own.close();
  });
});
