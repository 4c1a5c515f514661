// The states of a run, one after the other.
import type { State } from "../../api/types";
import { StateBadge } from "../../components/state_badge";
import { When } from "../../components/when";
import { duration } from "../../lib/times";

export function Timeline({ states }: { states: readonly State[] }) {
  const ordered = [...states].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
  return (
    <ol className="timeline" aria-label="States">
      {ordered.map((state, index) => {
        const next = ordered[index + 1];
        const lasted = next ? Date.parse(next.timestamp) - Date.parse(state.timestamp) : undefined;
        return (
          <li key={state.id}>
            <StateBadge type={state.type} name={state.name} />
            <span className="faint">
              <When time={state.timestamp} />
              {lasted === undefined ? "" : `, for ${duration(lasted)}`}
            </span>
            {state.message ? <p className="timeline-message">{state.message}</p> : null}
          </li>
        );
      })}
    </ol>
  );
}
