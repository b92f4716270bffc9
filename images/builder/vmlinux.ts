/**
 * Takes the ELF kernel out of a bzImage, as QEMU's PVH boot needs it: it starts a second sooner than one that unpacks itself.
 * @see Documentation/arch/x86/boot.rst in the kernel's sources for the header's fields
 */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const SETUP_SECTS = 0x1f1;
const HEADER_MAGIC = 0x202;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR_BYTES = 512;
/** The build appends the unpacked size to the compressed kernel. */
const SIZE_TRAILER_BYTES = 4;
const ELF_MAGIC = 0x464c457f;

/** The compressed kernel inside a bzImage and the program that unpacks it. Throws on anything else. */
export function kernelPayload(image: Buffer): { payload: Buffer; unpack: readonly [string, ...string[]] } {
  if (image.length < PAYLOAD_LENGTH + 4 || image.toString("latin1", HEADER_MAGIC, HEADER_MAGIC + 4) !== "HdrS") {
    throw new Error("not a bzImage");
  }
  const start = (image.readUInt8(SETUP_SECTS) + 1) * SECTOR_BYTES + image.readUInt32LE(PAYLOAD_OFFSET);
  const end = start + image.readUInt32LE(PAYLOAD_LENGTH);
  if (end > image.length || end - start <= 2 * SIZE_TRAILER_BYTES) throw new Error("bzImage is cut off");
  const payload = image.subarray(start, end - SIZE_TRAILER_BYTES);
  const magic = payload.readUInt32LE(0);
  if (magic === 0xfd2fb528) return { payload, unpack: ["zstd", "--decompress", "--stdout", "--quiet"] };
  if ((magic & 0xffffff) === 0x7a37fd)
    return { payload, unpack: ["xz", "--decompress", "--stdout", "--single-stream"] };
  throw new Error(`kernel payload of an unknown kind (${magic.toString(16)})`);
}

export async function extractVmlinux(bzImagePath: string, vmlinuxPath: string): Promise<void> {
  const { payload, unpack } = kernelPayload(await readFile(bzImagePath));
  const payloadPath = `${vmlinuxPath}.payload`;
  await writeFile(payloadPath, payload);
  const [program, ...options] = unpack;
  const { stdout } = await promisify(execFile)(program, [...options, payloadPath], {
    encoding: "buffer",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (stdout.readUInt32LE(0) !== ELF_MAGIC) throw new Error("kernel payload is no ELF file");
  await writeFile(vmlinuxPath, stdout);
}
