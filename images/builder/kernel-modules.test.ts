import { expect, it } from "vitest";
import { moduleOrder } from "./kernel-modules.ts";

it("orders modules for init, a line each", () => {
  const order = moduleOrder([
    { path: "drivers/block/virtio_blk", phase: "root" },
    { path: "drivers/net/virtio_net", phase: "late", modaliasPrefix: "virtio:d00000001v" },
  ]);
  expect(order).toBe("root virtio_blk.ko\nlate virtio_net.ko virtio:d00000001v\n");
});
