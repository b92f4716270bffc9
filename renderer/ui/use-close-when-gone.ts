/** What is open is closed when it goes with what it belongs to: the keyboard, which it has had, would have nobody else. */
import { useLayoutEffect, useRef } from "react";

export function useCloseWhenGone(isOpen: boolean, close: () => void): void {
  const latest = useRef({ isOpen, close });
  useLayoutEffect(() => {
    latest.current = { isOpen, close };
  });
  useLayoutEffect(
    () => () => {
      if (latest.current.isOpen) latest.current.close();
    },
    [],
  );
}
