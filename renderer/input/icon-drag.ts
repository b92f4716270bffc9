/** Icons of the desktop that are dragged to another part of the host. No guest gets anything of it: it counts on the host's parts alone. */

/** MIME type of their ids, as JSON. */
export const ICON_DRAG_TYPE = "application/x-atoll-icons";

export function dragIcons(data: Pick<DataTransfer, "setData">, ids: readonly string[]): void {
  data.setData(ICON_DRAG_TYPE, JSON.stringify(ids));
}

/** null: no icons are dragged. */
export function draggedIcons(data: Pick<DataTransfer, "getData" | "types">): string[] | null {
  if (!data.types.includes(ICON_DRAG_TYPE)) return null;
  const ids: unknown = JSON.parse(data.getData(ICON_DRAG_TYPE));
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : null;
}
