/** For a moment nothing can be pressed where something has just come: a press was meant for what was there before. */
import { useEffect, useState } from "react";

/** Long enough to see what is there. */
export const DEAD_MS = 1_000;

/** @param shown what a press would answer, and where it is: another one is dead again, from its first moment on */
export function useDead(shown: string): boolean {
  const [live, setLive] = useState<string | null>(null);
  useEffect(() => {
    let timer = 0;
    let isPressed = false;
    let isDue = false;
    const look = (): void => {
      // A press that has begun before does not count when it ends, however long it is held.
      isDue = isPressed;
      if (!isPressed) setLive(shown);
    };
    const later = (ms: number): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(look, ms);
    };
    const wait = (): void => {
      setLive(null);
      later(DEAD_MS);
    };
    const press = (): void => void (isPressed = true);
    const release = (): void => {
      isPressed = false;
      // After the click that it makes.
      if (isDue) later(0);
    };
    wait();
    const listeners = new AbortController();
    const options = { capture: true, signal: listeners.signal };
    // The press that brings the desktop to the front is none for what is in it.
    window.addEventListener("focus", wait, { signal: listeners.signal });
    window.addEventListener("pointerdown", press, options);
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, release, options);
    window.addEventListener("blur", release, { signal: listeners.signal });
    return () => {
      window.clearTimeout(timer);
      listeners.abort();
    };
  }, [shown]);
  return live !== shown;
}
