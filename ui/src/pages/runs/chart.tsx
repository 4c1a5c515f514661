// Recent runs over time, a bar an interval, by the state that they are in now. The line below says what
// the colours mean, and the numbers of the bar that is pointed at, else of all.
import { useState } from "react";
import type { StateType } from "../../api/types";
import type { Interval } from "./queries";

const HEIGHT = 64;
const WIDTH = 10; // of a bar, with the gap behind it
const GAP = 2;
const LEAST = 2; // of a part, so that one run among many is seen

// From the bottom of a bar to its top, as in the line below it.
const kinds: { label: string; types: StateType[] }[] = [
  { label: "completed", types: ["COMPLETED"] },
  { label: "running", types: ["RUNNING", "PENDING"] },
  { label: "waiting", types: ["PAUSED", "SCHEDULED", "CANCELLING"] },
  { label: "cancelled", types: ["CANCELLED"] },
  { label: "failed", types: ["FAILED", "CRASHED"] },
];

/** How many runs of each kind. */
export function countsOf(intervals: readonly Interval[]): number[] {
  return kinds.map(({ types }) =>
    intervals
      .flatMap((interval) => interval.states)
      .filter((state) => state.state_type !== null && types.includes(state.state_type))
      .reduce((sum, state) => sum + state.count_runs, 0),
  );
}

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** The heights of a bar's parts, which together are no higher than the chart. */
export function heightsOf(counts: readonly number[], most: number): number[] {
  const heights = counts.map((count) =>
    count > 0 ? Math.max(LEAST, (count / Math.max(1, most)) * HEIGHT) : 0,
  );
  const fits = Math.min(1, HEIGHT / Math.max(1, sumOf(heights)));
  return heights.map((height) => height * fits);
}

function Bar(props: { counts: number[]; x: number; most: number; onPoint: () => void }) {
  const heights = heightsOf(props.counts, props.most);
  const tops = heights.map((_, index) => HEIGHT - sumOf(heights.slice(0, index + 1)));
  return (
    <g onPointerEnter={props.onPoint}>
      <rect className="bar-room" x={props.x} y={0} width={WIDTH} height={HEIGHT} />
      {kinds.map(({ label, types }, index) =>
        heights[index]! > 0 ? (
          <rect
            key={label}
            className={`bar-${types[0]!.toLowerCase()}`}
            x={props.x}
            y={tops[index]}
            width={WIDTH - GAP}
            height={heights[index]}
          />
        ) : null,
      )}
    </g>
  );
}

const DAY = 86_400_000;
const hours = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const days = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});

function periodText(from: string, to: string): string {
  const format = Date.now() - Date.parse(from) < DAY ? hours : days;
  return format.formatRange(new Date(from), new Date(to));
}

function Legend({ intervals }: { intervals: readonly Interval[] }) {
  const counts = countsOf(intervals);
  const [first, last] = [intervals[0], intervals.at(-1)];
  return (
    <p className="legend">
      <span>{first && last ? periodText(first.interval_start, last.interval_end) : "\u00a0"}</span>
      {kinds.map(({ label, types }, index) => (
        <span key={label} className={counts[index] ? undefined : "legend-none"}>
          <svg width="9" height="9" aria-hidden="true">
            <rect width="9" height="9" rx="2" className={`bar-${types[0]!.toLowerCase()}`} />
          </svg>{" "}
          {counts[index]!.toLocaleString()} {label}
        </span>
      ))}
    </p>
  );
}

export function Chart({ intervals = [] }: { intervals: readonly Interval[] | undefined }) {
  const [pointed, setPointed] = useState<string>();
  const counts = intervals.map((interval) => countsOf([interval]));
  const most = Math.max(1, ...counts.map(sumOf));
  const one = intervals.filter((interval) => interval.interval_start === pointed);
  // Its room is there before its bars are: nothing moves when they come.
  return (
    <figure className="chart" aria-label="Runs over time">
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${60 * WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        onPointerLeave={() => setPointed(undefined)}
      >
        {intervals.map((interval, index) => (
          <Bar
            key={interval.interval_start}
            counts={counts[index]!}
            x={index * WIDTH}
            most={most}
            onPoint={() => setPointed(interval.interval_start)}
          />
        ))}
      </svg>
      <Legend intervals={one.length > 0 ? one : intervals} />
    </figure>
  );
}
