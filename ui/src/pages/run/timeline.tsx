// The states of a run, one after the other.
import { useState } from "react";
import type { State } from "../../api/types";
import { StateBadge } from "../../components/state_badge";
import { When } from "../../components/when";
import { duration } from "../../lib/times";

const PART = 200; // states shown at once

function Entry({ state, next }: { state: State; next: State | undefined }) {
  const lasted = next ? Date.parse(next.timestamp) - Date.parse(state.timestamp) : undefined;
  return (
    <li>
      <StateBadge type={state.type} name={state.name} />
      <span className="faint">
        <When time={state.timestamp} />
        {lasted === undefined ? "" : `, for ${duration(lasted)}`}
      </span>
      {state.message ? <p className="timeline-message">{state.message}</p> : null}
    </li>
  );
}

export function Timeline({ states }: { states: readonly State[] }) {
  const [most, setMost] = useState(PART);
  const ordered = [...states].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
  const earlier = Math.max(0, ordered.length - most);
  const shown = ordered.slice(earlier);
  return (
    <>
      {earlier > 0 ? (
        <button type="button" className="quiet" onClick={() => setMost(most + PART)}>
          Show earlier ones: {earlier.toLocaleString()} more
        </button>
      ) : null}
      <ol className="timeline" aria-label="States">
        {shown.map((state, index) => (
          <Entry key={state.id} state={state} next={shown[index + 1]} />
        ))}
      </ol>
    </>
  );
}
