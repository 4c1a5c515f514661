import type { FlowRun, StateType } from "../../api/types";

const ends: (StateType | null)[] = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"];

/** Whether the run is in a state that is its end. */
export const isOver = (run: FlowRun): boolean => ends.includes(run.state_type);
