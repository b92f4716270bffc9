/** Bounds of pictures on their way through the box that decodes them and encodes them again. */

/** Bytes, before and after. */
export const MAX_PICTURE_BYTES = 64 * 1024 * 1024;
/** Read from the picture's header before it is decoded. */
export const MAX_PICTURE_PX = 64 * 1024 * 1024;
/** Longest side. */
export const MAX_PICTURE_SIDE_PX = 32_767;

/** Channel of the message that brings the box its two ports: [0] where the picture comes from, [1] where it goes. */
export const PICTURE_PORTS = "picture-ports";
