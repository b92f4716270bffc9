import { describe, expect, it } from "vitest";
import { MAX_JOBS, MAX_TO_PROGRAM_BYTES } from "#shared/model/service-messages.ts";
import type { ProgramEvent, ProgramOrder } from "../../link/contracts/program.ts";
import type { LinkProcess } from "../../link/link-process.ts";
import { ServiceClients } from "../service-clients.ts";
import { program } from "./program.ts";

const SIGNAL = new AbortController().signal;

function desk() {
  const orders: ProgramOrder[] = [];
  const link: Pick<LinkProcess, "send"> = {
    send: (message) => {
      if (message.type === "order") orders.push(message.order as ProgramOrder);
    },
  };
  const clients = new ServiceClients({
    vmName: "firewall",
    link: link as LinkProcess,
    requireLink: () => link as LinkProcess,
  });
  const client = clients.get(program);
  const heard: unknown[] = [];
  client.on("report", (message) => heard.push(message));
  client.on("connected", () => heard.push("connected"));
  client.on("gone", () => heard.push("gone"));
  client.on("refused", (reason) => heard.push(reason));
  const happens = (event: ProgramEvent): void => clients.happened("program", event);
  return { clients, client, orders, heard, happens };
}

describe("what is desired", () => {
  it("is told whole at each connection, and when a part of it changes", () => {
    const { client, orders, happens, heard } = desk();
    expect(client.tell({ settings: { dns: ["192.0.2.1"] } })).toBe(1);
    expect(orders).toEqual([]);
    happens({ type: "connected" });
    const first = { type: "desired", revision: 1, settings: { dns: ["192.0.2.1"] }, state: null };
    expect(orders).toEqual([{ type: "tell", message: first }]);
    expect(client.tell({ state: { links: [] } })).toBe(2);
    const second = { ...first, revision: 2, state: { links: [] } };
    happens({ type: "gone" });
    happens({ type: "connected" });
    expect(orders.slice(1)).toEqual([
      { type: "tell", message: second },
      { type: "tell", message: second },
    ]);
    expect(heard).toEqual(["connected", "gone", "connected"]);
  });

  it("that is too large is refused, and changes nothing", () => {
    const { client, orders, happens } = desk();
    happens({ type: "connected" });
    expect(() => client.tell({ state: "x".repeat(MAX_TO_PROGRAM_BYTES) })).toThrow(/the limit is/);
    expect(orders).toHaveLength(1);
    expect(client.tell({ state: null })).toBe(1);
  });

  it("is not in force by a revision that was never told", () => {
    const { client, happens, heard } = desk();
    client.tell({ state: { links: [] } });
    happens({ type: "connected" });
    const applied = (revision: number) => ({ type: "applied" as const, revision, problems: [] });
    for (const revision of [2, 1]) happens({ type: "message", message: applied(revision) });
    expect(heard).toEqual(["connected", "it confirms a state that was never sent to it (revision 2)", applied(1)]);
  });
});

describe("a job", () => {
  it("is answered by its result", async () => {
    const { client, orders, happens, heard } = desk();
    happens({ type: "connected" });
    const [good, bad] = [client.job({ text: "a" }, SIGNAL), client.job(null, SIGNAL)];
    expect(orders.slice(1)).toEqual([
      { type: "tell", message: { type: "job", job: 1, input: { text: "a" } } },
      { type: "tell", message: { type: "job", job: 2, input: null } },
    ]);
    happens({ type: "message", message: { type: "result", job: 2, ok: false, reason: "no\u0007text" } });
    happens({ type: "message", message: { type: "result", job: 1, ok: true, output: 7 } });
    happens({ type: "message", message: { type: "result", job: 9, ok: true, output: 7 } });
    await expect(good).resolves.toBe(7);
    await expect(bad).rejects.toMatchObject({ code: "service.job-failed", details: { reason: "notext" } });
    expect(heard).toEqual(["connected"]);
  });

  it("is lost with the connection, or the link", async () => {
    for (const lose of ["gone", "link"] as const) {
      const { client, clients, happens } = desk();
      await expect(client.job(1, SIGNAL)).rejects.toMatchObject({ code: "service.not-connected" });
      happens({ type: "connected" });
      const job = client.job(1, SIGNAL);
      if (lose === "gone") happens({ type: "gone" });
      else clients.closed();
      await expect(job).rejects.toMatchObject({ code: "service.not-connected" });
      expect(client.isConnected).toBe(false);
    }
  });

  it("that nobody waits for any more is cancelled", async () => {
    const { client, orders, happens } = desk();
    happens({ type: "connected" });
    const cancelling = new AbortController();
    const job = client.job(1, cancelling.signal);
    cancelling.abort(new Error("enough"));
    await expect(job).rejects.toThrow("enough");
    expect(orders.at(-1)).toEqual({ type: "tell", message: { type: "cancel", job: 1 } });
  });

  it("is refused where too many wait, or it is too large", async () => {
    const { client, happens } = desk();
    happens({ type: "connected" });
    const waiting = Array.from({ length: MAX_JOBS }, () => client.job(1, new AbortController().signal));
    await expect(client.job(1, SIGNAL)).rejects.toMatchObject({ code: "service.busy" });
    happens({ type: "gone" });
    await Promise.allSettled(waiting);
    happens({ type: "connected" });
    await expect(client.job("x".repeat(MAX_TO_PROGRAM_BYTES), SIGNAL)).rejects.toMatchObject({
      code: "service.too-large",
    });
  });
});

it("a program is asked for when the agent has said hello", () => {
  const { clients, orders } = desk();
  clients.opened();
  expect(orders).toEqual([{ type: "listen" }]);
});
