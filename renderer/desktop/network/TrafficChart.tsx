/** The last minute of a VM's traffic: in filled, out as a line, on one scale for all VMs. */
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { CHART_SAMPLES, type LinkTraffic } from "#shared/model/network.ts";

const WIDTH = 196;
const HEIGHT = 30;

interface TrafficChartProps {
  traffic: LinkTraffic;
  /** Bytes a second at the top. */
  most: number;
}

export function TrafficChart({ traffic, most }: TrafficChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const top = useRef(most);
  useEffect(() => {
    if (place.current === null) return;
    const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const drawn = new uPlot(
      {
        width: WIDTH,
        height: HEIGHT,
        padding: [2, 0, 2, 0],
        cursor: { show: false },
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: { x: { time: false, range: [0, CHART_SAMPLES - 1] }, y: { range: () => [0, top.current] } },
        series: [
          {},
          // Asked for each time it is drawn: the theme may have changed.
          {
            stroke: () => colour("--accent"),
            fill: () => `color-mix(in srgb, ${colour("--accent")} 28%, transparent)`,
            width: 1.2,
            points: { show: false },
          },
          { stroke: () => colour("--text-dim"), width: 1, points: { show: false } },
        ],
      },
      [[], [], []],
      place.current,
    );
    chart.current = drawn;
    return () => drawn.destroy();
  }, []);
  useEffect(() => {
    top.current = most;
    chart.current?.setData(samplesOf(traffic));
  }, [traffic, most]);
  return <div ref={place} className="traffic-chart" aria-hidden="true" />;
}

/** The newest at the right; what was before the first sample is nothing. */
function samplesOf({ chartIn, chartOut }: LinkTraffic): uPlot.AlignedData {
  const at = Array.from({ length: CHART_SAMPLES }, (_, index) => index);
  const padded = (chart: readonly number[]): number[] => [
    ...Array.from({ length: CHART_SAMPLES - chart.length }, () => 0),
    ...chart,
  ];
  return [at, padded(chartIn), padded(chartOut)];
}
