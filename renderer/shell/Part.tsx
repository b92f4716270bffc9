/** A part of the desktop: where it cannot be drawn, it says so in its place, and the others go on. Main's log has the reason. */
import type { ReactNode } from "react";
import { MAX_FAILURE_DETAIL } from "#shared/model/failed-part.ts";
import { Boundary } from "../ui/Boundary.tsx";
import { PartFailed } from "../ui/PartFailed.tsx";
import { useShell } from "./shell.ts";

interface PartProps {
  /** As the subject of a sentence, and in the log: `The dock`. No guest's word. */
  name: string;
  /** What else must not go on without it. */
  failed?: () => void;
  /** Closes it, where it has the keyboard. */
  close?: () => void;
  /** Puts in its place what says that it has failed; left out: that alone. */
  place?: (said: ReactNode, again: () => void) => ReactNode;
  children: ReactNode;
}

export function Part({ name, failed, close, place, children }: PartProps) {
  const { bridge } = useShell();
  return (
    <Boundary
      failed={(error) => {
        bridge.report("desktop.partFailed", { part: name, detail: detailOf(error) });
        failed?.();
      }}
      fallback={(again) => {
        const said = <PartFailed name={name} again={again} close={close ?? null} />;
        return place === undefined ? said : place(said, again);
      }}
    >
      {children}
    </Boundary>
  );
}

/** For a part that is there for a moment, and drawn anew the next time. */
export function saysNothing(): null {
  return null;
}

function detailOf(error: unknown): string {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, MAX_FAILURE_DETAIL);
}
