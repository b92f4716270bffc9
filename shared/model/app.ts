/** Applications of the guests. */
import { z } from "zod";
import { APP_KINDS, appKind } from "./app-kind.ts";

export const appView = z.strictObject({
  /** Name of the VM. */
  vm: z.string(),
  id: z.string(),
  name: z.string(),
  mimeTypes: z.array(z.string()),
  categories: z.array(z.string()),
  /** It opens files of its types, and is not shown in menus. */
  hidden: z.boolean(),
});

/** An application of a VM, from its desktop entries. */
export type AppView = z.infer<typeof appView>;

/** An application as the desktop offers it: no more than it shows. */
export const offeredApp = z.strictObject({
  /** Name of the VM. */
  vm: z.string(),
  id: z.string(),
  name: z.string(),
  kind: z.enum(APP_KINDS),
});
export type OfferedApp = z.infer<typeof offeredApp>;

/** Those that menus show; one that a guest lists twice appears once. */
export function offered(apps: readonly AppView[]): OfferedApp[] {
  const known = new Set<string>();
  return apps.flatMap(({ vm, id, name, categories, hidden }) => {
    const key = `${vm} ${id}`;
    if (hidden || known.has(key)) return [];
    known.add(key);
    return [{ vm, id, name, kind: appKind(id, categories) }];
  });
}
