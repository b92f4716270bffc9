/**
 * The box for pictures: all that runs in a hidden page which holds nothing else and ends with its one picture. Chromium
 * decodes it; this process is where that may go wrong.
 */
import { ipcRenderer } from "electron";
import {
  MAX_PICTURE_PX,
  MAX_PICTURE_SIDE_PX,
  PICTURE_PORTS,
  shownSize,
  type ShownPicture,
} from "#shared/model/picture.ts";
import { runBox } from "./picture/box.ts";
import { isKnownPicture } from "./picture/formats.ts";
import { type Pixels, pngOf } from "./picture/png.ts";

/**
 * What has come with so many bytes goes on piece by piece, while it is encoded: it takes as long to carry. A smaller one is
 * encoded sooner as a whole.
 */
const IN_PIECES_BYTES = 1024 * 1024;

ipcRenderer.once(PICTURE_PORTS, ({ ports: [source, target, shown] }) => {
  if (source === undefined || target === undefined) return;
  void runBox(source, target, (untrusted) => encodeAgain(untrusted, shown));
});

async function* encodeAgain(untrusted: Uint8Array, shown: MessagePort | undefined): AsyncGenerator<Uint8Array> {
  if (!isKnownPicture(untrusted)) throw new Error("it is no picture of a known format");
  const address = URL.createObjectURL(new Blob([untrusted as Uint8Array<ArrayBuffer>]));
  const image = await loaded(address);
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width < 1 || height < 1 || Math.max(width, height) > MAX_PICTURE_SIDE_PX || width * height > MAX_PICTURE_PX)
    throw new Error(`it has ${width} x ${height} pixels`);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("there is no memory for it");
  await image.decode();
  context.drawImage(image, 0, 0);
  shown?.postMessage(smaller(canvas));
  const rows: Pixels["rows"] = (top, count) => context.getImageData(0, top, width, count).data;
  if (untrusted.length >= IN_PIECES_BYTES) yield* pngOf({ width, height, rows });
  else yield new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
}

function smaller(canvas: OffscreenCanvas): ShownPicture {
  const { width: fullWidth, height: fullHeight } = canvas;
  const { width, height } = shownSize(fullWidth, fullHeight);
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (context === null) throw new Error("there is no memory for it");
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, pixels: new Uint8Array(data.buffer), fullWidth, fullHeight };
}

/** Its size is known then; its pixels are decoded when they are drawn. */
function loaded(address: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("it cannot be decoded"));
    image.src = address;
  });
}
