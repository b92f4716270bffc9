// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createDesktopStore, type DesktopStore } from "../shell/desktop-store.ts";
import { createOverlayStore } from "../shell/overlays.ts";
import { createPromptQueue } from "../shell/prompts.ts";
import { type Shell, ShellContext } from "../shell/shell.ts";
import { Warnings } from "./Warnings.tsx";

let root: Root;
let desktop: DesktopStore;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  desktop = createDesktopStore();
  const overlays = createOverlayStore(createPromptQueue());
  root = createRoot(document.body.appendChild(document.createElement("div")));
  act(() =>
    root.render(
      <ShellContext value={{ desktop, overlays } as unknown as Shell}>
        <Warnings />
      </ShellContext>,
    ),
  );
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

it("what weakens the host is said in the bar, and nothing where there is nothing to say", () => {
  expect(document.querySelector("button")).toBeNull();
  act(() => desktop.setState({ warnings: ["Electron is old.", "Atoll runs as root."] }));
  expect(document.querySelector("button")?.textContent).toBe("2 warnings");
  act(() => document.querySelector("button")?.click());
  expect([...document.querySelectorAll("li")].map(({ textContent }) => textContent)).toEqual([
    "Electron is old.",
    "Atoll runs as root.",
  ]);
});
