import { describe, expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { Page } from "./page.ts";
import { CheckedPage } from "./testing/checked.ts";

vi.mock("../base/log.ts", () => ({ logDefect: () => undefined }));

const VM = "00000000-0000-4000-8000-000000000000" as VmId;
const QUIT = { vms: [VM] };
const KEEP = { vms: "keep", remember: false } as const;

it("events are for the page that is there", () => {
  const page = new CheckedPage();
  page.send("theme.changed", { choice: "system", shown: "dark" });
  page.gone();
  page.send("theme.changed", { choice: "dark", shown: "dark" });
  expect(page.events).toEqual([{ name: "theme.changed", payload: { choice: "system", shown: "dark" } }]);
});

describe("a question", () => {
  it("is answered by its id", async () => {
    const page = new CheckedPage();
    const quit = page.ask("quit", QUIT);
    const kill = page.ask("vm.kill", { vm: VM });
    expect(page.asked).toEqual([
      { id: 1, name: "quit", payload: QUIT },
      { id: 2, name: "vm.kill", payload: { vm: VM } },
    ]);
    page.answered(2, true);
    page.answered(1, KEEP);
    expect(await kill).toEqual({ type: "answered", answer: true });
    expect(await quit).toEqual({ type: "answered", answer: KEEP });
  });

  it("can be dismissed, which is an answer where it is declared as one", async () => {
    const page = new CheckedPage();
    const quit = page.ask("quit", QUIT);
    page.answered(1, null);
    expect(await quit).toEqual({ type: "answered", answer: null });
  });

  it.each([[undefined], [true], [{ vms: "keep" }], [{ ...KEEP, vms: "burn" }], [{ ...KEEP, more: 1 }]])(
    "is not answered by %j, and stays open",
    async (untrustedAnswer) => {
      const page = new CheckedPage();
      const quit = page.ask("quit", QUIT);
      page.answered(1, untrustedAnswer);
      page.answered(1, KEEP);
      expect(await quit).toEqual({ type: "answered", answer: KEEP });
    },
  );

  it("that nobody asked has no answer", async () => {
    const page = new CheckedPage();
    const quit = page.ask("quit", QUIT);
    for (const id of [0, 2, "1", null, undefined, {}, Number.NaN]) page.answered(id, null);
    page.answered(1, KEEP);
    page.answered(1, null);
    expect(await quit).toEqual({ type: "answered", answer: KEEP });
  });

  it("is cancelled when the page goes away, and where there is none", async () => {
    const page = new CheckedPage();
    const quit = page.ask("quit", QUIT);
    page.gone();
    expect(await quit).toEqual({ type: "cancelled", by: "page" });
    expect(await page.ask("quit", QUIT)).toEqual({ type: "cancelled", by: "page" });
    expect(await new Page().ask("quit", QUIT)).toEqual({ type: "cancelled", by: "page" });
    // The next page was not asked this.
    page.come();
    page.answered(1, KEEP);
    expect(page.asked).toHaveLength(1);
  });

  it("is taken back from the page when whoever asks does not want to know any more", async () => {
    const page = new CheckedPage();
    const asking = new AbortController();
    const quit = page.ask("quit", QUIT, { signal: asking.signal });
    asking.abort();
    expect(await quit).toEqual({ type: "cancelled", by: "caller" });
    expect(page.cancelled).toEqual([1]);
    expect(await page.ask("quit", QUIT, { signal: asking.signal })).toEqual({ type: "cancelled", by: "caller" });
    expect(page.asked).toHaveLength(1);
  });

  it("once answered cannot be taken back", async () => {
    const page = new CheckedPage();
    const asking = new AbortController();
    const quit = page.ask("quit", QUIT, { signal: asking.signal });
    page.answered(1, KEEP);
    await quit;
    asking.abort();
    expect(page.cancelled).toEqual([]);
  });

  it("says when the person sees it", () => {
    const page = new CheckedPage();
    const shown = vi.fn<() => void>();
    void page.ask("quit", QUIT, { shown });
    page.shown(7);
    expect(shown).not.toHaveBeenCalled();
    page.shown(1);
    expect(shown).toHaveBeenCalledOnce();
  });
});

describe("a question that is asked until it is answered", () => {
  it("comes back after each reload of the page, with an id of its own", async () => {
    const page = new CheckedPage();
    page.gone();
    const quit = page.askUntilAnswered("quit", QUIT);
    for (let id = 1; id <= 3; id += 1) {
      page.come();
      await vi.waitFor(() => expect(page.asked).toHaveLength(id));
      page.gone();
    }
    page.come();
    await vi.waitFor(() => expect(page.asked.map(({ id }) => id)).toEqual([1, 2, 3, 4]));
    page.answered(3, null);
    page.answered(4, KEEP);
    expect(await quit).toEqual(KEEP);
  });

  it("can be taken back, with a page and without one", async () => {
    for (const hasPage of [true, false]) {
      const page = new CheckedPage();
      if (!hasPage) page.gone();
      const asking = new AbortController();
      const quit = page.askUntilAnswered("quit", QUIT, { signal: asking.signal });
      asking.abort();
      expect(await quit).toBeNull();
      page.come();
      expect(page.asked).toHaveLength(hasPage ? 1 : 0);
    }
  });
});
