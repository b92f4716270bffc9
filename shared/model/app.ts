/** Applications of the guests. */
import { z } from "zod";

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
