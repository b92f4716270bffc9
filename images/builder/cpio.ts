/**
 * Writes cpio archives of the "newc" kind, as the kernel unpacks them for an initrd.
 * @see Documentation/driver-api/early-userspace/buffer-format.rst in the kernel's sources
 */

export interface CpioEntry {
  /** Path without a leading slash. */
  name: string;
  /** Type and permission bits of st_mode. */
  mode: number;
  /** Content of a regular file. */
  data?: Uint8Array;
  /** Major and minor number of a device. */
  device?: readonly [number, number];
}

export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;

const TRAILER = "TRAILER!!!";
const ALIGNMENT = 4;

/** Owners are root and times zero, so that the same content gives the same bytes. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { name: TRAILER, mode: 0 }];
  return Buffer.concat(all.flatMap((entry, index) => entryParts(entry, entry.name === TRAILER ? 0 : index + 1)));
}

function entryParts({ name, mode, data = new Uint8Array(), device = [0, 0] }: CpioEntry, inode: number): Uint8Array[] {
  const path = Buffer.from(`${name}\0`);
  const links = 1;
  const numbers = [inode, mode, 0, 0, links, 0, data.length, 0, 0, ...device, path.length, 0];
  const header = Buffer.from(
    `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`,
    "latin1",
  );
  return [header, path, padding(header.length + path.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
