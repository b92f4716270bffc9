/** What of a qcow2 image's header Atoll looks at before QEMU does. @see QEMU docs/interop/qcow2.txt */

/** As many bytes of the image as are looked at. */
export const QCOW2_HEADER_BYTES = 80;

const MAGIC = 0x51_46_49_fb;
const VERSION_AT = 4;
/** The first with features. */
const VERSION_WITH_FEATURES = 3;
/** A big-endian u64; the bits that are looked at are in its lower half. */
const INCOMPATIBLE_FEATURES_LOW_AT = 76;
const EXTERNAL_DATA_FILE = 1 << 2;

/**
 * Whether the image keeps its data in another file, which QEMU would open wherever it is: Atoll makes no such image, but
 * whoever can write this one could name any file of the host.
 *
 * @param untrustedHeader the first bytes of the image; what is too short, or no qcow2, is left to QEMU to refuse
 */
export function hasExternalDataFile(untrustedHeader: Uint8Array): boolean {
  if (untrustedHeader.length < QCOW2_HEADER_BYTES) return false;
  const view = new DataView(untrustedHeader.buffer, untrustedHeader.byteOffset, untrustedHeader.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint32(VERSION_AT) < VERSION_WITH_FEATURES) return false;
  return (view.getUint32(INCOMPATIBLE_FEATURES_LOW_AT) & EXTERNAL_DATA_FILE) !== 0;
}
