// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Envelope } from "#shared/ipc/index.ts";
import type { AppView } from "#shared/model/app.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { takeVms } from "../vms/store.ts";
import { Launcher } from "./Launcher.tsx";

type Answer = Envelope<AppView[]>;
const asked = vi.hoisted(() => new Map<string, (answer: unknown) => void>());
vi.mock("./bridge.ts", () => ({
  bridge: { request: (_name: string, { vm }: { vm: string }) => new Promise((answer) => asked.set(vm, answer)) },
}));

const vm = (name: string, state: VmStatus["state"] = "running"): VmStatus =>
  ({ id: name as VmId, name, label: "lagoon", state }) as VmStatus;
const app = (of: string, name: string): AppView => ({
  vm: of,
  id: name,
  name,
  mimeTypes: [],
  categories: [],
  hidden: false,
});
const answer = (of: string, value: Answer): Promise<void> => act(async () => asked.get(of)?.(value));
const options = (): string[] =>
  [...document.querySelectorAll('[role="option"]')].map(
    (option) => `${option.getAttribute("aria-selected") === "true" ? "> " : ""}${option.getAttribute("aria-label")}`,
  );
const status = (): string => document.querySelector('[role="status"]')?.textContent.trim() ?? "";

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  asked.clear();
  takeVms([vm("home"), vm("off", "stopped"), vm("web")]);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});

afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
});

it("programs are there as soon as their VM answers, and it says who has not", async () => {
  act(() => root.render(<Launcher only={null} />));
  expect([...asked.keys()]).toEqual(["home", "web"]);
  expect(status()).toBe("Asking home, web…");
  await answer("web", { ok: true, value: [app("web", "Foot")] });
  expect(options()).toEqual(["> Foot, web"]);
  expect(status()).toBe("Asking home…");
  await answer("home", { ok: false, error: { code: "vm.timeout", message: "", details: {} } });
  expect(status()).toBe("No answer from home.");
});

it("the program that is chosen stays so when another VM answers", async () => {
  act(() => root.render(<Launcher only={null} />));
  await answer("web", { ok: true, value: [app("web", "Foot")] });
  await answer("home", { ok: true, value: [app("home", "Foot"), app("home", "Calc")] });
  expect(options()).toEqual(["Calc, home", "Foot, home", "> Foot, web"]);
  expect(status()).toBe("");
});

it("one VM's programs are asked of that VM alone", () => {
  act(() => root.render(<Launcher only={"web" as VmId} />));
  expect([...asked.keys()]).toEqual(["web"]);
});
