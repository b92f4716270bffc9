/** The wallpaper: contour lines of a sea chart, drawn once for each size and theme. */
import { useEffect, useRef } from "react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";
import { contours } from "./contours.ts";

const SEED = 7;
const STEP_PX = 8;
const LEVELS = 15;

export function Wallpaper() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useStore(useShell().desktop, (state) => state.theme.shown);
  useEffect(() => {
    const draw = (): void => {
      if (canvas.current !== null) drawChart(canvas.current);
    };
    draw();
    window.addEventListener("resize", draw);
    return () => window.removeEventListener("resize", draw);
  }, [theme]);
  return <canvas ref={canvas} className="wallpaper" aria-hidden="true" />;
}

function drawChart(canvas: HTMLCanvasElement): void {
  const { innerWidth, innerHeight, devicePixelRatio } = window;
  canvas.width = Math.round(innerWidth * devicePixelRatio);
  canvas.height = Math.round(innerHeight * devicePixelRatio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(devicePixelRatio, devicePixelRatio);
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--contour");
  contours(SEED, innerWidth, innerHeight, STEP_PX, LEVELS).forEach((lines, level) => {
    // Every fifth line is an index line, as on a chart.
    context.strokeStyle = `rgb(${colour} / ${level % 5 === 0 ? 0.3 : 0.17})`;
    context.lineWidth = 1;
    context.beginPath();
    for (let at = 0; at + 3 < lines.length; at += 4) {
      context.moveTo(lines[at] ?? 0, lines[at + 1] ?? 0);
      context.lineTo(lines[at + 2] ?? 0, lines[at + 3] ?? 0);
    }
    context.stroke();
  });
}
