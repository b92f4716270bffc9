/** The desktop's working parts, put together. The views (React) are told of them by this module's one instance. */
import type { WindowId, WindowRequest } from "#shared/model/window.ts";
import { lastActivity } from "../input/activity.ts";
import type { HostChord } from "../input/host-keys.ts";
import { Keyboard } from "../input/keyboard.ts";
import { layoutMap } from "../input/layout-map.ts";
import { Pointer } from "../input/pointer.ts";
import type { LinkSession } from "../vms/link-session.ts";
import { Links } from "../vms/links.ts";
import { takeVms } from "../vms/store.ts";
import { mayTakeFocus } from "../wm/activation.ts";
import { CommandServer } from "../wm/command-server.ts";
import { Drag } from "../wm/drag.ts";
import { Effects } from "../wm/effects.ts";
import { TOP_BAR_HEIGHT } from "../wm/geometry.ts";
import { LayoutReporter } from "../wm/layout-reporter.ts";
import { WindowMemory } from "../wm/memory.ts";
import { Orders } from "../wm/orders.ts";
import { PlacementKeeper } from "../wm/placement-keeper.ts";
import { contentOf } from "../wm/state.ts";
import { dispatch, wmStore } from "../wm/store.ts";
import { Switcher } from "../wm/switcher.ts";
import { bridge, onLinkPorts } from "./bridge.ts";
import { followLaunches } from "./launches.ts";
import { followQuestions } from "./questions.ts";
import { desktopStore, setOverlay, toggleLauncher } from "./store.ts";

export const links = new Links({
  requested: (window, request) => requested(window, request),
  recall: (window, vm, guest) => memory.recall(window, vm, guest),
  mayTakeFocus: (window, isStarted, hadFocus) => mayTake(window, isStarted, hadFocus),
  attached: (session) => tellOutput(session),
  dismissed: (window) => bridge.report("window.dismissed", { window }),
  popupsChanged: () => layout.changed(),
});
export const orders = new Orders(links);
const keyboard = new Keyboard({ superTapped: toggleLauncher, chordPressed: (chord) => pressChord(chord) }, window);
const pointer = new Pointer(links, {
  pressed: (id, event) => {
    orders.focus(id);
    if (event.altKey || event.metaKey) return dragAnywhere(id, event.button);
    keyboard.alignWith(event);
    return false;
  },
});
const effects = new Effects(links, keyboard);
export const drag = new Drag(links, effects, pointer, keyboard);
export const switcher = new Switcher(keyboard, orders);
const memory = new WindowMemory();
const layout = new LayoutReporter(bridge, links);

function pressChord(chord: HostChord): void {
  // What of the host is open has the keys; only Super alone closes the launcher.
  if (desktopStore.getState().overlay !== null) return;
  if (chord.code === "KeyB") return setOverlay({ kind: "bar" });
  if (chord.modifier === "Alt" && chord.code === "Space") return openWindowMenu();
  if (chord.code === "Tab") return switcher.open(chord.modifier, chord.isShift);
  orders.chord(chord);
}

/** The focused window's menu, below its tag. */
function openWindowMenu(): void {
  const { focused, windows, workArea } = wmStore.getState();
  const window = focused === null ? undefined : windows[focused];
  if (window === undefined) return;
  const { x, y } = contentOf(window, workArea);
  setOverlay({ kind: "window-menu", window: window.id, x: Math.max(x, workArea.x) + 8, y });
}

/** With Alt or Super held a window is moved by any part of it, and resized with the right button. */
function dragAnywhere(id: WindowId, button: number): boolean {
  if (button !== 0 && button !== 2) return false;
  keyboard.disarm();
  if (button === 0) drag.move(id);
  else drag.resizeNearest(id);
  return true;
}

function mayTake(id: WindowId, isStarted: boolean, hadFocus: boolean | null): boolean {
  const state = wmStore.getState();
  const window = state.windows[id];
  const facts = { activity: lastActivity(), nowMs: performance.now(), isStarted, hadFocus };
  return window !== undefined && mayTakeFocus(window, state, facts);
}

/** A program asks. It gets no more than a person would give: nothing is raised over another VM's window. */
function requested(id: WindowId, request: WindowRequest): void {
  const placement = wmStore.getState().windows[id]?.placement;
  if (placement === undefined) return;
  // Full screen is the person's act: a program can end its own, and not make it.
  const isOurs = placement === "screen";
  switch (request.kind) {
    case "maximize":
      return isOurs ? undefined : orders.place(id, "maximized");
    case "fullscreen":
      return isOurs ? undefined : orders.place(id, "fullscreen");
    case "unmaximize":
      return placement === "maximized" ? orders.place(id, "free") : undefined;
    case "unfullscreen":
      return placement === "fullscreen" || isOurs ? orders.leaveFullscreen(id) : undefined;
    case "minimize":
      return dispatch({ type: "minimize", id });
    case "activate":
      return dispatch({ type: mayTake(id, false, null) ? "focus" : "demandAttention", id });
    case "move":
      return drag.requested(id, null);
    case "resize":
      return drag.requested(id, request.edges);
  }
}

function tellOutput(session: LinkSession): void {
  const scale = window.devicePixelRatio;
  session.send({
    type: "output",
    width: Math.max(1, Math.round(window.innerWidth * scale)),
    height: Math.max(1, Math.round(window.innerHeight * scale)),
    scale120: Math.max(60, Math.min(480, Math.round(scale * 120))),
    refreshMhz: 60_000,
  });
}

function measure(): void {
  const { innerWidth, innerHeight } = window;
  dispatch({
    type: "workAreaChanged",
    workArea: {
      x: 0,
      y: TOP_BAR_HEIGHT,
      width: Math.max(1, innerWidth),
      height: Math.max(1, innerHeight - TOP_BAR_HEIGHT),
    },
  });
  for (const session of links.sessions()) tellOutput(session);
}

/** Another monitor, or another scale of this one: there is no event for it but that the present one does not hold any more. */
function watchScale(): void {
  const now = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  const changed = (): void => {
    measure();
    watchScale();
  };
  now.addEventListener("change", changed, { once: true });
}

/** Characters of the host's layout; asked again when the person comes back, as there is no event for a change. */
async function learnLayout(): Promise<void> {
  keyboard.setLayout(await layoutMap());
}

/** Begins to work: from here on main's ports and orders are heard. */
export async function startShell(): Promise<void> {
  measure();
  window.addEventListener("resize", measure);
  watchScale();
  window.addEventListener("focus", () => void learnLayout());
  void learnLayout();
  followLaunches();
  new CommandServer(bridge, links, effects, orders, layout);
  desktopStore.subscribe(({ overlay, theme }) => {
    keyboard.setHeldByHost("overlay", overlay !== null);
    if (overlay !== null) links.dismissMenus(null);
    document.documentElement.dataset["theme"] = theme.shown;
  });
  onLinkPorts((vm, events, pixels) => links.add(vm, events, pixels));
  let keeper: PlacementKeeper | null = null;
  bridge.on("vm.changed", (vms) => {
    takeVms(vms);
    links.follow(vms);
    keeper?.follow(vms);
  });
  bridge.on("theme.changed", (theme) => desktopStore.setState({ theme }));
  bridge.on("problems.changed", (problems) => desktopStore.setState({ problems }));
  followQuestions();
  const attached = await bridge.request("desktop.attach", {});
  if (!attached.ok) return;
  keeper = new PlacementKeeper(bridge, memory, attached.value.placements);
  keeper.follow(attached.value.vms);
  takeVms(attached.value.vms);
  desktopStore.setState({ theme: attached.value.theme, problems: attached.value.problems });
}
