// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createDesktopStore, type DesktopStore } from "../shell/desktop-store.ts";
import { createOverlayStore, type OverlayStore } from "../shell/overlays.ts";
import { createPromptQueue } from "../shell/prompts.ts";
import { type Shell, ShellContext } from "../shell/shell.ts";
import { Warnings } from "./Warnings.tsx";

let root: Root;
let desktop: DesktopStore;
let overlays: OverlayStore;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  desktop = createDesktopStore();
  overlays = createOverlayStore(createPromptQueue());
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

it("its list is closed when there is nothing left to say", () => {
  act(() => desktop.setState({ warnings: ["Electron is old."] }));
  act(() => overlays.open({ kind: "warnings" }));
  act(() => desktop.setState({ warnings: [] }));
  expect(overlays.getState().overlay).toBeNull();
});
