/** A picture that would cross, as the box has drawn it: pixels alone. */
import { useEffect, useRef } from "react";
import type { LabelName } from "#shared/model/label.ts";
import type { ShownPicture } from "#shared/model/picture.ts";

interface PicturePreviewProps {
  picture: ShownPicture;
  /** Label of the VM that it comes from; null: the host. */
  label: LabelName | null;
}

export function PicturePreview({ picture, label }: PicturePreviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, pixels } = picture;
  useEffect(() => {
    const image = new ImageData(new Uint8ClampedArray(pixels), width, height);
    canvas.current?.getContext("2d")?.putImageData(image, 0, 0);
  }, [pixels, width, height]);
  return (
    <div className="guest-preview picture-preview" data-label={label ?? undefined}>
      <canvas ref={canvas} width={width} height={height} role="img" aria-label="The picture" />
    </div>
  );
}
