import { describe, expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { createOverlayStore } from "./overlays.ts";
import { createPromptQueue, type Prompt, type PromptKind } from "./prompts.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];

function queue() {
  const prompts = createPromptQueue();
  const kinds = (): PromptKind[] => prompts.getState().waiting.map(({ kind }) => kind);
  const first = <Kind extends PromptKind>(kind: Kind): Prompt<Kind> => {
    const [prompt] = prompts.getState().waiting;
    if (prompt?.kind !== kind) throw new Error(`not ${kind}`);
    return prompt as Prompt<Kind>;
  };
  return { prompts, kinds, first };
}

describe("prompts", () => {
  it("wait in the order in which they were asked, and each gets its own answer", async () => {
    const { prompts, kinds, first } = queue();
    const kill = prompts.ask({ kind: "vm.kill", payload: { vm: HOME } });
    const quit = prompts.ask({ kind: "quit", payload: { vms: [HOME, WEB] } });
    expect(kinds()).toEqual(["vm.kill", "quit"]);
    prompts.answer(first("vm.kill"), true);
    expect(await kill).toEqual({ status: "answered", answer: true });
    expect(kinds()).toEqual(["quit"]);
    prompts.answer(first("quit"), { vms: "keep", remember: false });
    expect(await quit).toEqual({ status: "answered", answer: { vms: "keep", remember: false } });
    expect(kinds()).toEqual([]);
  });

  it("are taken back by whoever asked, in front or in the queue", async () => {
    const { prompts, kinds } = queue();
    const [one, two] = [new AbortController(), new AbortController()];
    const kill = prompts.ask({ kind: "vm.kill", payload: { vm: HOME }, signal: one.signal });
    const quit = prompts.ask({ kind: "quit", payload: { vms: [] }, signal: two.signal });
    two.abort();
    expect(await quit).toEqual({ status: "cancelled" });
    expect(kinds()).toEqual(["vm.kill"]);
    one.abort();
    expect(await kill).toEqual({ status: "cancelled" });
    expect(kinds()).toEqual([]);
  });

  it("that were taken back before they were asked are never shown", async () => {
    const { prompts, kinds } = queue();
    const asked = prompts.ask({ kind: "vm.kill", payload: { vm: HOME }, signal: AbortSignal.abort() });
    expect(kinds()).toEqual([]);
    expect(await asked).toEqual({ status: "cancelled" });
  });

  it("keep their first answer: a later one is ignored", async () => {
    const { prompts, first } = queue();
    const taken = new AbortController();
    const asked = prompts.ask({ kind: "vm.kill", payload: { vm: HOME }, signal: taken.signal });
    const prompt = first("vm.kill");
    prompts.answer(prompt, true);
    prompts.answer(prompt, false);
    taken.abort();
    expect(await asked).toEqual({ status: "answered", answer: true });
  });

  it("report once that they have been drawn, also while another is in front", () => {
    const { prompts } = queue();
    const [one, two] = [vi.fn<() => void>(), vi.fn<() => void>()];
    void prompts.ask({ kind: "vm.kill", payload: { vm: HOME }, shown: one });
    expect(one).not.toHaveBeenCalled();
    prompts.noteShown();
    void prompts.ask({ kind: "quit", payload: { vms: [] }, shown: two });
    prompts.noteShown();
    expect([one, two].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});

describe("overlays", () => {
  it("close when a prompt opens, and do not open while one waits", () => {
    const { prompts, kinds, first } = queue();
    const overlays = createOverlayStore(prompts);
    const shown = (): string | undefined => overlays.getState().overlay?.kind;
    overlays.open({ kind: "shortcuts" });
    expect(shown()).toBe("shortcuts");
    void prompts.ask({ kind: "vm.kill", payload: { vm: HOME } });
    expect(shown()).toBeUndefined();
    overlays.toggleLauncher();
    overlays.open({ kind: "bar" });
    expect([shown(), kinds()]).toEqual([undefined, ["vm.kill"]]);
    prompts.answer(first("vm.kill"), false);
    overlays.toggleLauncher();
    expect(shown()).toBe("launcher");
    overlays.toggleLauncher();
    expect(shown()).toBeUndefined();
  });

  it("are closed by kind only while they are still open: one that has replaced them stays", () => {
    const overlays = createOverlayStore(createPromptQueue());
    overlays.open({ kind: "atoll-menu" });
    overlays.open({ kind: "shortcuts" });
    overlays.closeIf("atoll-menu");
    expect(overlays.getState().overlay).toEqual({ kind: "shortcuts" });
    overlays.closeIf("shortcuts");
    expect(overlays.getState().overlay).toBeNull();
  });
});
