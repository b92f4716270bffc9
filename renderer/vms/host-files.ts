/** Files of this computer for a VM: dropped on its chip, or chosen in the host's own dialog. */
import type { DragEvent as ReactDragEvent } from "react";
import { useState } from "react";
import type { VmStatus } from "#shared/model/vm.ts";
import { type Shell, useShell } from "../shell/shell.ts";
import { draggedIcons, ICON_DRAG_TYPE } from "../input/icon-drag.ts";

type Services = Pick<Shell, "bridge" | "notices" | "send">;

/** Asks the person for files, and sends them to the VM. */
export async function sendChosenFiles(services: Services, vm: Pick<VmStatus, "id" | "name">): Promise<void> {
  const files = await chosenFiles(services, { title: `Send files to ${vm.name}`, several: true });
  if (files !== null) services.send("transfer.send", { source: { kind: "chosen", files }, to: vm.id });
}

/** Asks the person for a file, and opens it in the VM; null: where the rules say. */
export async function openChosenFile(services: Services, vm: Pick<VmStatus, "id" | "name"> | null): Promise<void> {
  const title = vm === null ? "Open a file" : `Open a file in ${vm.name}`;
  const files = await chosenFiles(services, { title, several: false });
  if (files === null) return;
  const place = vm === null ? {} : { in: { kind: "vm", vm: vm.id } as const };
  services.send("open.open", { item: { kind: "chosen", files }, from: null, ...place });
}

async function chosenFiles(
  { bridge, notices }: Services,
  wanted: { title: string; several: boolean },
): Promise<string | null> {
  const answer = await bridge.request("desktop.chooseFiles", wanted);
  if (answer.ok) return answer.value.files;
  notices.show(answer.error.message);
  return null;
}

/** For what takes files by a drop, of this computer or from the desktop's icons: they go to this VM. */
export function useFileDrop({ id, state }: Pick<VmStatus, "id" | "state">) {
  const { bridge, send } = useShell();
  const [isOver, setOver] = useState(false);
  const takes = ({ dataTransfer }: ReactDragEvent): boolean =>
    state === "running" && ["Files", ICON_DRAG_TYPE].some((type) => dataTransfer.types.includes(type));
  return {
    isOver,
    handlers: {
      onDragOver: (event: ReactDragEvent) => {
        if (!takes(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: ReactDragEvent) => {
        setOver(false);
        if (!takes(event)) return;
        event.preventDefault();
        const ids = draggedIcons(event.dataTransfer);
        if (ids !== null) return send("icon.send", { ids, to: id });
        // Something that is no file of this computer, such as a picture of a page, has no path.
        void bridge.dropped([...event.dataTransfer.files]).then((files) => {
          if (files !== null) send("transfer.send", { source: { kind: "chosen", files }, to: id });
        });
      },
    },
  };
}

/** A file that is dropped beside what takes files goes nowhere: Chromium would show it in place of the desktop. */
export function refuseOtherDrops(page: Pick<Window, "addEventListener">): void {
  page.addEventListener("dragover", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
  });
  page.addEventListener("drop", (event) => event.preventDefault());
}
