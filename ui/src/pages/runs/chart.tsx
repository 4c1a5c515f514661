// Recent runs over time, a bar an interval, by the state that they are in now.
import type { StateType } from "../../api/types";
import { exact } from "../../lib/times";
import type { Interval } from "./queries";

const HEIGHT = 64;
const WIDTH = 10; // of a bar, with the gap behind it
const GAP = 2;

// From the bottom of a bar to its top.
const order: StateType[] = [
  "COMPLETED",
  "RUNNING",
  "PENDING",
  "CANCELLING",
  "PAUSED",
  "SCHEDULED",
  "CANCELLED",
  "CRASHED",
  "FAILED",
];

function counts(interval: Interval): [StateType, number][] {
  return order
    .map((type): [StateType, number] => [
      type,
      interval.states
        .filter((state) => state.state_type === type)
        .reduce((sum, state) => sum + state.count_runs, 0),
    ])
    .filter(([, count]) => count > 0);
}

function Bar(props: { interval: Interval; x: number; most: number }) {
  const parts = counts(props.interval);
  let below = 0;
  const text = parts.map(([type, count]) => `${count} ${type.toLowerCase()}`).join(", ");
  return (
    <g>
      <title>{`${exact(props.interval.interval_start)}: ${text || "none"}`}</title>
      <rect x={props.x} y={0} width={WIDTH} height={HEIGHT} fill="transparent" />
      {parts.map(([type, count]) => {
        const height = Math.max(2, (count / props.most) * HEIGHT);
        below += height;
        return (
          <rect
            key={type}
            className={`bar-${type.toLowerCase()}`}
            x={props.x}
            y={HEIGHT - below}
            width={WIDTH - GAP}
            height={height}
          />
        );
      })}
    </g>
  );
}

export function Chart({ intervals }: { intervals: readonly Interval[] | undefined }) {
  const totals = (intervals ?? []).map((interval) =>
    counts(interval).reduce((sum, [, count]) => sum + count, 0),
  );
  const most = Math.max(1, ...totals);
  const sum = totals.reduce((all, total) => all + total, 0);
  // Its room is there before its bars are: nothing moves when they come.
  return (
    <svg
      className="chart"
      role="img"
      aria-label={`${sum} runs over time`}
      viewBox={`0 0 ${60 * WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {intervals?.map((interval, index) => (
        <Bar
          key={interval.interval_start}
          interval={interval}
          x={index * WIDTH}
          most={most}
        />
      ))}
    </svg>
  );
}
