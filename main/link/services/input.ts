/** Keys and pointer of the page, for the guest. */
import { KeyState } from "#shared/protocol/gen/atoll_pb.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { serviceContract } from "../contract.ts";
import { PasteHold } from "../paste-hold.ts";
import { linkService } from "../service.ts";
import { surfaces } from "./surfaces.ts";

/** Above this many unread bytes on `control` the guest does not keep up: motions are dropped, a newer one will come. */
const MAX_QUEUED_FOR_MOTION_BYTES = 16 * 1024;
const KEY_STATES = { released: KeyState.RELEASED, pressed: KeyState.PRESSED, repeated: KeyState.REPEATED } as const;

export const input = linkService(
  serviceContract<never, never>("input"),
  {
    accepts: {},
    sends: {
      keyboardFocus: CONTROL,
      key: CONTROL,
      pointerMotion: CONTROL,
      pointerLeft: CONTROL,
      pointerLocked: CONTROL,
      pointerMoved: CONTROL,
      pointerButton: CONTROL,
      pointerAxis: CONTROL,
    },
  },
  (context) => {
    let lastPressMs: number | null = null;
    const pastes = new PasteHold();
    const isLive = (surface: number): boolean => context.use(surfaces).isLive(surface);
    const inTurn =
      <Command>(act: (command: Command) => void) =>
      (command: Command): void =>
        pastes.take(() => act(command));
    return {
      messages: {},
      /** What waits behind a paste chord; the clipboard says for how long. */
      pastes,
      /** How long ago a key or a button was pressed or released in this VM, milliseconds; null: never. */
      get sinceInputMs(): number | null {
        return lastPressMs === null ? null : performance.now() - lastPressMs;
      },
      pageAttached: () => pastes.begin(),
      closed: () => pastes.flush(),
      commands: {
        keyboardFocus: ({ surface }) => {
          // Keys go to the window that they were meant for.
          pastes.flush();
          if (surface === null || isLive(surface)) context.send("keyboardFocus", { surface: surface ?? 0 });
        },
        pasteChord: ({ chord, selection }) => pastes.chord(chord, selection),
        key: inTurn(({ code, state, timeMs }) => {
          context.send("key", { code, state: KEY_STATES[state], timeMs });
          // A program may act on either; a repeat is no new act of the person.
          if (state !== "repeated") lastPressMs = performance.now();
        }),
        pointerMotion: inTurn(({ surface, xFixed, yFixed, timeMs }) => {
          if (!isLive(surface) || context.queuedBytes("control") > MAX_QUEUED_FOR_MOTION_BYTES) return;
          context.send("pointerMotion", { surface, xFixed, yFixed, timeMs });
        }),
        pointerLocked: inTurn(({ surface }) => {
          if (surface === null || isLive(surface)) context.send("pointerLocked", { surface: surface ?? 0 });
        }),
        pointerMoved: inTurn(({ dxFixed, dyFixed, timeMs }) => {
          if (context.queuedBytes("control") > MAX_QUEUED_FOR_MOTION_BYTES) return;
          context.send("pointerMoved", { dxFixed, dyFixed, timeMs });
        }),
        pointerLeft: inTurn(() => context.send("pointerLeft", {})),
        pointerButton: inTurn(({ button, pressed, timeMs }) => {
          context.send("pointerButton", { button, pressed, timeMs });
          lastPressMs = performance.now();
        }),
        pointerAxis: inTurn((command) => {
          const { type: _, ...axis } = command;
          context.send("pointerAxis", axis);
        }),
      },
    };
  },
);
