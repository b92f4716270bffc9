/** Entry of the compositor's worker, which draws guests' frames onto OffscreenCanvases. Its parts are in worker/. */
import wasmUrl from "./decoders/gen/decoders.wasm?url";
import { Decoder } from "./decoders/decoder.ts";
import { CompositorWorker } from "./worker/compositor-worker.ts";
import type { FromCompositor, ToCompositor } from "./worker/messages.ts";

const tell = (message: FromCompositor, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });

const compositor = fetch(wasmUrl)
  .then((response) => response.arrayBuffer())
  .then((wasm) => Decoder.create(wasm))
  .then((decoder) => new CompositorWorker(decoder, tell));

// Set before the decoder is there: messages that came earlier would be lost. Their order is kept.
self.onmessage = ({ data }: MessageEvent<ToCompositor>) =>
  void compositor
    .then((ready) => ready.handle(data))
    .catch((error: unknown) => tell({ type: "failed", detail: String(error) }));
