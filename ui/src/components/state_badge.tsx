import type { StateType } from "../api/types";

/** A run's state: its name, in the colour of its type. */
export function StateBadge(props: { type: StateType | null; name: string | null }) {
  const type = props.type ?? "NONE";
  return (
    <span className={`state state-${type.toLowerCase()}`}>
      <span className="dot" aria-hidden="true" />
      {props.name ?? "no state"}
    </span>
  );
}
