// Times in the reader's zone: relative, with the exact one on hover.
import { exact, relative } from "../lib/times";
import { useNow } from "../lib/now";

export function When({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={exact(time)}>
      {relative(Date.parse(time), now)}
    </time>
  );
}

/** Until when an answer counts, counting down. */
export function Countdown({ until }: { until: string }) {
  const now = useNow();
  const left = Date.parse(until) - now;
  const urgent = left < 60_000;
  return (
    <time
      dateTime={until}
      title={exact(until)}
      className={urgent ? "countdown urgent" : "countdown"}
    >
      {left > 0 ? relative(Date.parse(until), now) : "expired"}
    </time>
  );
}
