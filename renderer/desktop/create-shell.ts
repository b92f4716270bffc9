/** Puts the desktop's working parts together: the only place that makes them. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import { MAX_FAILURE_DETAIL } from "#shared/model/failed-part.ts";
import type { Compositor } from "../compositor/compositor.ts";
import { onLinkPorts } from "../host/bridge.ts";
import { ActivityTracker } from "../input/activity.ts";
import { Keyboard } from "../input/keyboard.ts";
import { layoutMap } from "../input/layout-map.ts";
import { PasteChords } from "../input/paste-chords.ts";
import { Pointer } from "../input/pointer.ts";
import { PointerLock } from "../input/pointer-lock.ts";
import { createAskStore } from "../shell/ask-store.ts";
import { createClipboardStore } from "../shell/clipboard-store.ts";
import { createDesktopStore } from "../shell/desktop-store.ts";
import { createIconStore } from "../shell/icon-store.ts";
import { createKioskStore } from "../shell/kiosk-store.ts";
import { createLaunchStore } from "../shell/launches.ts";
import { createOpenChanges } from "../shell/open-changes.ts";
import { createOverlayStore } from "../shell/overlays.ts";
import { createPolicyChanges } from "../shell/policy-changes.ts";
import { createPromptQueue } from "../shell/prompts.ts";
import { Repeats } from "../shell/repeats.ts";
import type { Shell } from "../shell/shell.ts";
import { createTemplateStore } from "../shell/template-store.ts";
import { createCrossingNotices } from "../shell/crossing-notices.ts";
import { createTransferStore } from "../shell/transfer-store.ts";
import { createVmStore, tagOf } from "../shell/vm-store.ts";
import { NoticeQueue } from "../ui/notices.ts";
import { refuseOtherDrops } from "../vms/host-files.ts";
import { CommandServer } from "../wm/control/command-server.ts";
import { CursorGuard } from "../wm/control/cursor-guard.ts";
import { Drag } from "../wm/control/drag.ts";
import { Effects } from "../wm/control/effects.ts";
import { reportFocus } from "../wm/control/focus-reporter.ts";
import { LayoutReporter } from "../wm/control/layout-reporter.ts";
import type { LinkSessionHost } from "../wm/control/link-session.ts";
import { Links } from "../wm/control/links.ts";
import { WindowMemory } from "../wm/control/memory.ts";
import { PlacementKeeper } from "../wm/control/placement-keeper.ts";
import { Switcher } from "../wm/control/switcher.ts";
import { WindowCommands } from "../wm/control/window-commands.ts";
import { guardClicks } from "../wm/control/guard-clicks.ts";
import { DesktopPolicy } from "../wm/control/desktop-policy.ts";
import { createWmOverlayStore } from "../wm/model/overlays.ts";
import { createWmStore } from "../wm/model/store.ts";
import { tellNotPasted } from "./clipboard/tell-not-pasted.ts";
import { followCrossingPrompts } from "./crossings/follow-prompts.ts";
import { HostInput } from "./host-input.ts";
import { tellOpened } from "./opener/tell-opened.ts";
import { answerQuestions } from "./questions.ts";
import { Screen } from "./screen.ts";
import { tellReplaced } from "./tell-replaced.ts";
import { scanSuspectsAgain } from "./icons/icon-actions.ts";
import { tellChanged, tellFound, tellUnscanned } from "./services/tell-found.ts";
import { tellNoScanner, tellScanned } from "./services/tell-scanned.ts";
import { tellSignatures } from "./services/tell-signatures.ts";
import { tellStopped } from "./transfers/tell-stopped.ts";

export interface ShellParts {
  bridge: AtollBridge;
  compositor: Compositor;
}

/** `start` begins to listen to main: when the page's views are there. */
export function createShell({ bridge, compositor }: ShellParts): { shell: Shell; start: () => Promise<void> } {
  const wm = createWmStore();
  const wmOverlays = createWmOverlayStore();
  const vms = createVmStore();
  const templates = createTemplateStore();
  const desktop = createDesktopStore();
  const prompts = createPromptQueue();
  const overlays = createOverlayStore(prompts);
  const notices = new NoticeQueue();
  const launches = createLaunchStore(bridge, wm, notices);
  const kiosks = createKioskStore(bridge, notices);
  const asks = createAskStore();
  const clipboard = createClipboardStore();
  const crossingNotices = createCrossingNotices();
  const policyChanges = createPolicyChanges(bridge, notices);
  const openChanges = createOpenChanges(bridge, notices);
  const transfers = createTransferStore(tellStopped(notices, overlays));
  const icons = createIconStore();
  const activity = new ActivityTracker(() => wm.dispatch({ type: "used" }));

  const repeats = new Repeats();
  const send: Shell["send"] = (...[name, input]) => {
    void repeats
      .once([name, input], () => bridge.request(name, input))
      .then((answer) => {
        if (answer?.ok === false) notices.show(answer.error.message);
      });
  };

  const links = new Links(wm, compositor);
  const commands = new WindowCommands(wm, links, activity, bridge);
  const pastes = new PasteChords((chord) => bridge.report("clipboard.gesture", chord));
  // The two listeners are called by events only, and then all that follows is there.
  const keyboard = new Keyboard(
    activity,
    {
      superTapped: overlays.toggleLauncher,
      shortcutPressed: (shortcut) => hostInput.runShortcut(shortcut),
      pastePressed: (session) => {
        const { focused } = wm.getState();
        if (focused !== null) pastes.begin("keys", focused, session);
      },
    },
    window,
  );
  const guard = guardClicks(wm, links, commands);
  const pointerLock = new PointerLock({
    element: document.documentElement,
    focused: () => wm.getState().focused,
    locked: (id) => {
      const { vm } = wm.getState().windows[id] ?? {};
      const name = vm === undefined ? "" : tagOf(vms.getState().vms, vm).name;
      notices.show(`VM "${name}" has the pointer: press Esc or Super to release it.`);
    },
  });
  wm.subscribe(() => pointerLock.focusChanged());
  const pointer = new Pointer(links, activity, pointerLock, {
    pressed: (id, event) => hostInput.pressed(id, event),
    middlePressed: (id, session) => pastes.begin("middle", id, session),
  });
  reportFocus(bridge, wm);
  const effects = new Effects(wm, links, keyboard);
  const drag = new Drag({ wm, overlays: wmOverlays, links, effects, pointer, keyboard });
  const switcher = new Switcher(wm, wmOverlays, keyboard, commands);
  const hostInput = new HostInput({ send, wm, overlays, keyboard, commands, drag, switcher });
  const memory = new WindowMemory();
  const layout = new LayoutReporter(bridge, wm, links);
  const screen = new Screen(wm, links, compositor);
  const cursorGuard = new CursorGuard(document, (look) => requestAnimationFrame(look));
  cursorGuard.follow(window);
  wm.subscribe(() => cursorGuard.changed());
  const isPromptShown = (): boolean => prompts.getState().waiting.length > 0;
  const linkHost: LinkSessionHost = {
    policy: new DesktopPolicy({ wm, activity, memory, commands, drag, isPromptShown }),
    attached: (session) => screen.sendOutput(session),
    popupsChanged: () => {
      layout.changed();
      guard.windowsChanged(false);
    },
    cursorChanged: () => cursorGuard.changed(),
    pointerLockWanted: (session, surface, window) => pointerLock.want(session, surface, window),
  };

  const wmParts = { wm, wmOverlays, links, commands, drag, switcher };
  const hostParts = { vms, templates, desktop, overlays, prompts, launches, kiosks, notices };
  const crossingParts = { policyChanges, openChanges, clipboard, crossingNotices, transfers, icons, asks };
  const shell: Shell = { bridge, send, compositor, ...wmParts, ...hostParts, ...crossingParts };

  overlays.subscribe(({ overlay }) => {
    keyboard.setHeldByHost("overlay", overlay !== null);
    if (overlay !== null) links.dismissPopups(null);
  });
  prompts.subscribe(({ waiting }) => {
    const isShown = waiting.length > 0;
    keyboard.setPromptShown(isShown);
    wm.dispatch({ type: "promptShown", isShown });
    pointer.setHeldByHost("prompt", isShown);
    if (!isShown) return;
    // Nothing else that is under way may go on below the prompt, and then get the person's next key.
    switcher.cancel();
    drag.cancel();
    links.dismissPopups(null);
  });
  desktop.subscribe(({ theme }) => {
    document.documentElement.dataset["theme"] = theme.shown;
  });

  let hasFailed = false;
  compositor.failed = (detail) => {
    // What fails with one frame may fail with each.
    if (hasFailed) return;
    hasFailed = true;
    bridge.report("desktop.partFailed", { part: "The compositor", detail: detail.slice(0, MAX_FAILURE_DETAIL) });
    notices.show("Windows may not be drawn as they are: the part that draws them has failed. Atoll’s log says why.");
  };

  /** The characters of the host's keyboard layout. There is no event for a change, so it is read when the page gets focus. */
  async function readLayout(): Promise<void> {
    keyboard.setLayout(await layoutMap());
  }

  async function start(): Promise<void> {
    screen.follow();
    refuseOtherDrops(window);
    window.addEventListener("focus", () => {
      notices.back();
      void readLayout();
    });
    window.addEventListener("blur", () => notices.left());
    if (!document.hasFocus()) notices.left();
    void readLayout();
    new CommandServer(bridge, { wm, links, compositor, effects, commands, layout });
    onLinkPorts((vm, events, pixels) => links.add(vm, { events, pixels }, linkHost));
    let keeper: PlacementKeeper | null = null;
    bridge.on("vm.changed", (list) => {
      vms.take(list);
      links.follow(list);
      keeper?.follow(list);
    });
    bridge.on("theme.changed", (theme) => desktop.setState({ theme }));
    bridge.on("promptMark.changed", (promptMark) => desktop.setState({ promptMark }));
    bridge.on("problems.changed", (problems) => desktop.setState({ problems }));
    bridge.on("clipboard.changed", (told) => {
      clipboard.take(told);
      keyboard.setPasteKeys(told.pasteKeys);
    });
    bridge.on("clipboard.filesNotPasted", tellNotPasted(notices));
    bridge.on("crossing.notice", (notice) => crossingNotices.tell(notice));
    bridge.on("desktop.replaced", tellReplaced(shell));
    bridge.on("scan.found", tellFound(notices, overlays));
    bridge.on("scan.changed", tellChanged(notices, overlays));
    bridge.on("scan.renewed", () => void scanSuspectsAgain(shell));
    bridge.on("scan.unscanned", tellUnscanned(notices, overlays));
    bridge.on("scan.ended", tellScanned(notices));
    bridge.on("scan.noScanner", tellNoScanner(shell));
    bridge.on("scan.signatures", tellSignatures(notices, overlays));
    bridge.on("network.cards", ({ cards }) => asks.take(cards));
    bridge.on("transfer.changed", ({ transfers: list }) => transfers.take(list));
    bridge.on("icon.changed", icons.take);
    bridge.on("kiosk.changed", ({ kiosks: list }) => kiosks.take(list));
    bridge.on("policy.changed", ({ written }) => written !== null && policyChanges.note(written));
    bridge.on("template.progress", templates.take);
    bridge.on("template.ended", ({ name }) => templates.ended(name));
    bridge.on("open.rulesChanged", ({ written }) => written !== null && openChanges.note(written));
    bridge.on("open.notice", tellOpened(shell));
    answerQuestions(shell);
    followCrossingPrompts(shell);
    const attached = await bridge.request("desktop.attach", {});
    if (!attached.ok) return notices.show(attached.error.message);
    const { placements, vms: list, theme, promptMark, problems, warnings, isWelcome } = attached.value;
    keeper = new PlacementKeeper(bridge, wm, memory, placements);
    keeper.follow(list);
    vms.take(list);
    desktop.setState({ theme, promptMark, problems, warnings, isWelcome });
  }

  return { shell, start };
}
