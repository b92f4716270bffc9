/** Archives of tar for tests of scanners. */

/** With one file in it, and so many empty blocks at its end. `isOld`: of the first kind, which has no magic. */
export function tar(name: string, content: Uint8Array, { blocks = 2, isOld = false, kind = "0" } = {}): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write("0000644\0", 100);
  header.write(content.length.toString(8).padStart(11, "0"), 124);
  header.write("        ", 148);
  header.write(kind, 156);
  if (!isOld) header.write("ustar\u000000", 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(512 * blocks)]);
}
