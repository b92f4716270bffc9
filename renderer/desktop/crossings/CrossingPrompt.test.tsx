// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge, QuestionPayload } from "#shared/ipc/index.ts";
import type { CrossingParty, CrossingPreview } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, textsOf } from "../../ui/testing.tsx";
import { Prompts } from "../Prompts.tsx";
import { followCrossingPrompts } from "./follow-prompts.ts";

type Asked = QuestionPayload<"crossing">;
type PreviewEvent = { prompt: number; preview: CrossingPreview };
type JoinedEvent = { prompt: number; requests: number };

let drawn: Drawn;
let tell: (event: PreviewEvent) => void = () => undefined;
let join: (event: JoinedEvent) => void = () => undefined;
const bridge = {
  on: (name: string, listener: (event: PreviewEvent | JoinedEvent) => void) => {
    if (name === "crossing.preview") tell = listener;
    if (name === "crossing.joined") join = listener;
    return () => undefined;
  },
} as unknown as AtollBridge;
let shell: ReturnType<typeof testShell>;

const vm = (name: string, label: "lagoon" | "coral"): CrossingParty => ({
  kind: "vm",
  id: name as VmId,
  name,
  label,
  role: "app",
});
const ASKED: Asked = {
  prompt: 7,
  action: "clipboard.paste",
  from: vm("home", "lagoon"),
  to: vm("web", "coral"),
  type: "text/plain",
  app: "Mouse”pad",
  isSecret: false,
  preview: { kind: "text", text: "one\n<b>two</b>\u{202e}", bytes: 17, isComplete: true },
  rule: { line: 71, text: "clipboard.paste from @any to @any: ask" },
  warning: "",
  answers: ["once", "minutes", "always", "deny"],
  copiedAgoS: 12,
  requests: 1,
};

async function ask(change: Partial<Asked> = {}): Promise<() => unknown> {
  let answer: unknown = "none yet";
  await act(async () => {
    void shell.prompts
      .ask({ kind: "crossing", payload: { ...ASKED, ...change } })
      .then((outcome) => (answer = outcome));
  });
  return () => answer;
}

const answers = (): string[] =>
  [...document.querySelectorAll<HTMLButtonElement>("[data-answer]")].map(
    ({ dataset, disabled }) => `${dataset["answer"]}${disabled ? " disabled" : ""}`,
  );
const facts = (): string => element(".crossing-facts").textContent;

beforeEach(async () => {
  shell = testShell({ bridge });
  followCrossingPrompts(shell);
  drawn = await draw(
    <ShellContext value={shell}>
      <Prompts />
    </ShellContext>,
  );
});

afterEach(() => {
  vi.useRealTimers();
  drawn.remove();
});

it("says what crosses from whom to whom, what it is for, and which line asks", async () => {
  await ask();
  const prompt = element('[role="alertdialog"]');
  expect(prompt.dataset["prompt"]).toBe("7");
  expect(textsOf(".prompt-title")).toEqual(["Paste this text from home into web?"]);
  expect(textsOf(".crossing-wire .tag-name")).toEqual(["home", "web"]);
  // The guest's word does not end its quotation.
  expect(textsOf(".crossing-wire small")).toEqual(["copied 12 s ago", "for “Mouse'pad”, as web says"]);
  expect(textsOf(".crossing-rule div")).toEqual(["Line 71 of policy.yaml asksclipboard.paste from @any to @any: ask"]);
});

it("says how many requests one answer is for, as they come", async () => {
  await ask({ requests: 2 });
  const note = (): string => element(".prompt-note").textContent;
  expect(note()).toBe("Asked 2 times, answered once. “Always” writes a rule that you can take back.");
  act(() => join({ prompt: 6, requests: 9 }));
  act(() => join({ prompt: 7, requests: 3 }));
  expect(note()).toMatch(/^Asked 3 times, answered once\./u);
  act(() => join({ prompt: 7, requests: 100 }));
  expect(note()).toMatch(/^Asked 100 or more times/u);
});

it("a single request is not counted", async () => {
  await ask();
  expect(element(".prompt-note").textContent).toBe("“Always” writes a rule that you can take back.");
});

it("the age of a copy counts on while the prompt waits; what was not copied has none", async () => {
  vi.useFakeTimers();
  await ask({ app: "" });
  act(() => void vi.advanceTimersByTime(50_000));
  expect(textsOf(".crossing-wire small")).toEqual(["copied 1 min ago"]);
  vi.useRealTimers();
});

it("also while it waits for its turn", async () => {
  vi.useFakeTimers();
  await ask();
  await ask({ prompt: 8, app: "" });
  act(() => void vi.advanceTimersByTime(50_000));
  await click('[data-answer="deny"]');
  expect(textsOf(".crossing-wire small")).toEqual(["copied 1 min ago"]);
});

it("quotes the text: no markup comes of it, and what is hidden in it is boxed", async () => {
  await ask();
  expect(textsOf(".guest-preview-line")).toEqual(["one ↵", "<b>two</b>U+202E"]);
  expect([textsOf(".guest-preview b"), textsOf(".revealed-code")]).toEqual([[], ["U+202E"]]);
  expect(element(".guest-preview").dataset["label"]).toBe("lagoon");
  expect(facts()).toContain("2 lines · 15 characters · 17 bytes");
  expect(facts()).toContain("1 hidden character, shown here");
});

it("shows six lines and counts the rest, and the beginning of a long one", async () => {
  const text = Array.from({ length: 218 }, (_, n) => `line ${n}`).join("\n");
  await ask({ preview: { kind: "text", text, bytes: text.length, isComplete: true } });
  expect(document.querySelectorAll(".guest-preview-line").length).toBe(6);
  expect(textsOf(".guest-preview footer")).toEqual(["and 212 more lines"]);
  await act(async () =>
    tell({ prompt: 7, preview: { kind: "text", text: "x".repeat(4096), bytes: 9_000_000, isComplete: true } }),
  );
  expect(textsOf(".guest-preview-more")).toEqual(["and 3 856 more characters, at least"]);
  expect(textsOf(".guest-preview footer")).toEqual([]);
  expect(facts()).toBe("text/plain · 9.0 MB");
  await act(async () => tell({ prompt: 7, preview: { kind: "text", text: "short", bytes: 5_000, isComplete: true } }));
  expect(textsOf(".guest-preview-more")).toEqual([]);
  expect(textsOf(".guest-preview footer")).toEqual(["and more"]);
  const shells = "🐚".repeat(241);
  await act(async () => tell({ prompt: 7, preview: { kind: "text", text: shells, bytes: 964, isComplete: true } }));
  expect(textsOf(".guest-preview-line")).toEqual([`${"🐚".repeat(240)}and 1 more character`]);
});

it("names files that are sent, as they are, and says how much they are", async () => {
  await ask({
    ...{ action: "file.send", type: null, from: { kind: "host" } },
    preview: { kind: "text", text: "h1.txt", bytes: 15, isComplete: true },
  });
  expect(textsOf(".crossing-type")).toEqual(["files"]);
  expect(textsOf(".guest-preview-line")).toEqual(["h1.txt"]);
  expect(textsOf(".guest-preview footer")).toEqual([]);
  expect(facts()).toBe("15 bytes");
});

it("follows a source that still sends, and no other prompt's", async () => {
  await ask({ type: "image/png", preview: { kind: "none", bytes: 1_000, isComplete: false } });
  expect(facts()).toBe("image/png · 1.0 kBhome is still sending");
  await act(async () => tell({ prompt: 8, preview: { kind: "none", bytes: 5, isComplete: true } }));
  await act(async () => tell({ prompt: 7, preview: { kind: "none", bytes: 3_100_000, isComplete: true } }));
  expect(facts()).toBe("image/png · 3.1 MB");
});

it("what has come while another prompt was in front is there when its turn comes", async () => {
  await ask();
  await ask({ prompt: 8, preview: { kind: "none", bytes: 5, isComplete: false } });
  await act(async () => {
    tell({ prompt: 8, preview: { kind: "text", text: "all of it", bytes: 9, isComplete: true } });
    join({ prompt: 8, requests: 4 });
  });
  expect(textsOf(".guest-preview-line")).toEqual(["one ↵", "<b>two</b>U+202E"]);
  await click('[data-answer="deny"]');
  expect(element('[role="alertdialog"]').dataset["prompt"]).toBe("8");
  expect(textsOf(".guest-preview-line")).toEqual(["all of it"]);
  expect(document.querySelector(".crossing-growing")).toBeNull();
  expect(element(".prompt-note").textContent).toMatch(/^Asked 4 times/u);
});

it("a picture is drawn from pixels alone, when all of it has come, with its real size", async () => {
  const drawn: ImageData[] = [];
  const putImageData = (image: ImageData): void => void drawn.push(image);
  const getContext = vi.spyOn(HTMLCanvasElement.prototype, "getContext");
  getContext.mockReturnValue({ putImageData } as unknown as CanvasRenderingContext2D);
  vi.stubGlobal("ImageData", function (data: Uint8ClampedArray, width: number, height: number) {
    return { data, width, height };
  });
  await ask({ type: "image/png", preview: { kind: "none", bytes: 1_000, isComplete: false } });
  expect(document.querySelector(".picture-preview")).toBeNull();
  const pixels = Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 255);
  const picture = { width: 2, height: 1, pixels, fullWidth: 640, fullHeight: 320 };
  await act(async () => tell({ prompt: 7, preview: { kind: "picture", bytes: 3_100_000, isComplete: true, picture } }));
  expect(facts()).toBe("image/png · 640 × 320 · 3.1 MB");
  expect(drawn).toMatchObject([{ width: 2, height: 1, data: Uint8ClampedArray.from(pixels) }]);
  expect(element(".picture-preview").dataset["label"]).toBe("lagoon");
  getContext.mockRestore();
  vi.unstubAllGlobals();
});

it("a secret is not shown", async () => {
  await ask({ isSecret: true, preview: { kind: "hidden", characters: 12 } });
  expect(facts()).toBe("a password manager’s secret · hidden, 12 characters");
  expect(document.querySelector(".guest-preview")).toBeNull();
});

it("Deny counts from the first moment, the others after a second", async () => {
  vi.useFakeTimers();
  const answer = await ask();
  expect(answers()).toEqual(["deny", "always disabled", "minutes disabled", "once disabled"]);
  await click('[data-answer="once"]');
  expect(answer()).toBe("none yet");
  act(() => void vi.advanceTimersByTime(1_000));
  expect(answers()).toEqual(["deny", "always", "minutes", "once"]);
  await click('[data-answer="once"]');
  expect(answer()).toEqual({ status: "answered", answer: "once" });
});

it("offers a safe copy before anything else, where there can be one", async () => {
  vi.useFakeTimers();
  const answer = await ask({ warning: "a.pdf is held.", answers: ["safe", "once", "deny"] });
  act(() => void vi.advanceTimersByTime(1_000));
  expect(answers()).toEqual(["deny", "safe", "once"]);
  expect(element('[data-answer="safe"]').dataset["kind"]).toBe("main");
  expect(element('[data-answer="once"]').dataset["kind"]).toBeUndefined();
  await click('[data-answer="safe"]');
  expect(answer()).toEqual({ status: "answered", answer: "safe" });
});

it.each(["minutes", "always"])("the answer “%s” is given by its button", async (name) => {
  vi.useFakeTimers();
  const answer = await ask();
  act(() => void vi.advanceTimersByTime(1_000));
  await click(`[data-answer="${name}"]`);
  expect(answer()).toEqual({ status: "answered", answer: name });
});

it("Escape denies at once", async () => {
  const answer = await ask();
  await act(
    async () =>
      void element('[data-answer="deny"]').dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }),
      ),
  );
  expect(answer()).toEqual({ status: "answered", answer: "deny" });
});

it("says first what the person should know, and does not say that the rule asks", async () => {
  await ask({ warning: "From quarantine: Eicar was found in it (ClamAV).", answers: ["once", "deny"] });
  expect(textsOf(".crossing-warning")).toEqual(["From quarantine: Eicar was found in it (ClamAV)."]);
  expect(textsOf(".crossing-rule strong")).toEqual(["Line 71 of policy.yaml would not deny it"]);
  expect(answers().map((one) => one.split(" ")[0])).toEqual(["deny", "once"]);
});

it("has no Always where its rule asks every time, and says how many wait behind it", async () => {
  await ask({ answers: ["once", "minutes", "deny"] });
  expect(answers().map((one) => one.split(" ")[0])).toEqual(["deny", "minutes", "once"]);
  expect(textsOf(".crossing-every-time")).toEqual(["This is asked every time"]);
  expect(textsOf(".prompt-note")).toEqual([""]);
  await ask({ prompt: 8 });
  expect(textsOf(".prompt-note")).toEqual(["1 more after this"]);
});
