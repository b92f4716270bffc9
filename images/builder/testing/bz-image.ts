/** A bzImage for tests, as small as one can be. */

const SETUP_SECTORS = 1;
const PAYLOAD_OFFSET = 0x100;

/** @param payload the compressed kernel with the four bytes of its size behind it */
export function bzImage(payload: Buffer): Buffer {
  const start = (SETUP_SECTORS + 1) * 512 + PAYLOAD_OFFSET;
  const image = Buffer.alloc(start + payload.length);
  image.writeUInt8(SETUP_SECTORS, 0x1f1);
  image.write("HdrS", 0x202);
  image.writeUInt32LE(PAYLOAD_OFFSET, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, start);
  return image;
}
