// The compositor's decoders: plain functions on linear memory, no allocation. The caller lays the memory out
// (decoder.ts) and leaves PADDING bytes free behind every region: vector copies may run over a region's end.

/** Bytes behind every region that a vector store may touch. */
export const PADDING: i32 = 64;

/** First byte that the caller may use. */
export function heapBase(): usize {
  return __heap_base;
}

export { lz4Decode } from "./lz4";
export { swizzleOpaque, swizzlePremultiplied } from "./swizzle";
