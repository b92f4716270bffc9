import { beforeEach, expect, it, vi } from "vitest";
import { crossingContract } from "#shared/ipc/crossing.ts";
import type { PromptButtonPlace } from "#shared/ipc/window.ts";
import type { AskCard } from "#shared/model/network.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, cliCaller } from "../ipc/testing/checked.ts";
import type { Crossings } from "./crossings.ts";
import type { OpenPrompt } from "./prompts.ts";
import { crossingHandlers } from "./requests.ts";

let prompts: OpenPrompt[];
let cards: AskCard[];
const promptButtons = vi.fn<() => Promise<PromptButtonPlace[]>>();
const dispatcher = Dispatcher.of(
  { crossing: crossingContract },
  {
    crossing: crossingHandlers({
      application: { desktop: { promptButtons } } as unknown as Application,
      crossings: {
        get prompts() {
          return prompts;
        },
      } as unknown as Crossings,
      network: {
        get asks() {
          return { cards };
        },
      },
    }),
  },
  { checksOutputs: true },
);
const list = (): Promise<unknown> => called(dispatcher, cliCaller(), "prompt.list", {});

beforeEach(() => {
  [prompts, cards] = [[], []];
  promptButtons.mockReset().mockResolvedValue([]);
});

it("where nothing is asked the page is not asked for buttons either, as there may be none", async () => {
  promptButtons.mockRejectedValue(new Error("no page"));
  expect(await list()).toEqual([]);
  expect(promptButtons).not.toHaveBeenCalled();
});

it("prompts stand before cards, each with its own buttons; of a secret nothing is said", async () => {
  const content = {
    action: "clipboard.paste",
    from: { kind: "host" },
    to: { kind: "new-disposable" },
    type: "text/plain",
  };
  const preview = { current: { kind: "text", text: "abc", bytes: 3, isComplete: true } };
  const prompt = (id: number, isSecret: boolean): OpenPrompt =>
    ({ id, content: { ...content, isSecret, preview }, sinceMs: performance.now() }) as unknown as OpenPrompt;
  prompts = [prompt(1, false), prompt(2, true)];
  cards = [{ id: 3, vm: "home", names: ["example.org"], ports: [443], sinceMs: Date.now() } as unknown as AskCard];
  const place = { x: 1, y: 2, width: 30, height: 10, enabled: true };
  promptButtons.mockResolvedValue([
    { prompt: 1, name: "once", ...place },
    { prompt: 3, name: "deny", ...place },
    { prompt: 1, name: "deny", ...place },
  ]);
  const ageS = expect.any(Number) as number;
  const asked = { kind: "prompt", action: "clipboard.paste", type: "text/plain", ageS };
  expect(await list()).toMatchObject([
    {
      ...{ id: 1, ...asked, bytes: 3 },
      buttons: [
        { name: "once", ...place },
        { name: "deny", ...place },
      ],
    },
    { id: 2, ...asked, bytes: null, buttons: [] },
    { id: 3, kind: "card", action: "net.connect", from: "home", bytes: null, buttons: [{ name: "deny", ...place }] },
  ]);
});
