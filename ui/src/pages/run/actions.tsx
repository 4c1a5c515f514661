// What can be done to a run; each says before what will happen.
import { useState } from "react";
import { useLocation } from "wouter";
import { post, remove } from "../../api/http";
import type { FlowRun, StateType } from "../../api/types";
import { Confirm } from "../../components/confirm";
import { serverTime } from "../../lib/now";
import { isOver } from "./over";

interface Action {
  name: string;
  says: (run: FlowRun) => string;
  of: (run: FlowRun) => boolean;
  act: (run: FlowRun) => Promise<unknown>;
  isDangerous?: boolean;
}

interface Verdict {
  status: string;
  details: { reason?: string | null };
}

/** A refusal is an answer like others; here it is an error. */
async function ask(path: string, body: unknown) {
  const { status, details } = await post<Verdict>(path, body);
  if (status !== "ACCEPT") throw new Error(details.reason ?? `It was refused: ${status}`);
}

const propose = (run: FlowRun, state: Record<string, unknown>) =>
  ask(`flow_runs/${run.id}/set_state`, { state, force: false });

const isOf =
  (...types: StateType[]) =>
  (run: FlowRun) =>
    run.state_type !== null && types.includes(run.state_type);

const HOUR = 3_600_000;
const pauseDetails = (reschedule: boolean) => ({
  pause_timeout: new Date(serverTime() + HOUR).toISOString(),
  pause_reschedule: reschedule,
});

const actions: Action[] = [
  {
    name: "Resume",
    says: () => "The run goes on without an answer. If it asks for input, answer it instead.",
    of: isOf("PAUSED"),
    act: (run) => ask(`flow_runs/${run.id}/resume`, {}),
  },
  {
    name: "Pause",
    says: () =>
      "The run stops at its next step and waits, with its process, for somebody to resume it: for an hour at the most, then it fails.",
    of: isOf("RUNNING"),
    act: (run) =>
      propose(run, { type: "PAUSED", name: "Paused", state_details: pauseDetails(false) }),
  },
  {
    name: "Suspend",
    says: () =>
      "The run's process ends at its next step. When somebody resumes it within an hour, it begins anew in a new process.",
    of: (run) => run.state_type === "RUNNING" && run.deployment_id !== null,
    act: (run) =>
      propose(run, { type: "PAUSED", name: "Suspended", state_details: pauseDetails(true) }),
  },
  {
    name: "Cancel",
    says: (run) =>
      run.state_type === "RUNNING"
        ? "The run's process is told to end, and its subflows with it."
        : "The run does not go on any more.",
    of: isOf("RUNNING", "PENDING", "SCHEDULED", "PAUSED"),
    act: (run) =>
      run.state_type === "RUNNING"
        ? propose(run, { type: "CANCELLING", name: "Cancelling" })
        : propose(run, { type: "CANCELLED", name: "Cancelled" }),
  },
  {
    name: "Call it cancelled",
    says: () =>
      "The run's process has been told to end, and has not said that it did. If it is not there any more, this ends the waiting for it.",
    of: isOf("CANCELLING"),
    act: (run) => propose(run, { type: "CANCELLED", name: "Cancelled" }),
  },
  {
    name: "Retry",
    says: () => "The same run is scheduled again, with the same parameters, to be started at once.",
    of: (run) => isOver(run) && run.deployment_id !== null,
    act: (run) =>
      propose(run, {
        type: "SCHEDULED",
        name: "AwaitingRetry",
        state_details: { scheduled_time: new Date(serverTime()).toISOString() },
      }),
  },
  {
    name: "Delete",
    says: (run) =>
      isOver(run)
        ? "The run goes, with its log, its tasks and its inputs. It cannot be brought back."
        : "The run is not over: cancel it first, lest its process goes on unseen. It goes with its log, its tasks and its inputs, and cannot be brought back.",
    of: () => true,
    act: (run) => remove(`flow_runs/${run.id}`),
    isDangerous: true,
  },
];

export function Actions({ run }: { run: FlowRun }) {
  const [action, setAction] = useState<Action>();
  const [, go] = useLocation();
  const act = async (chosen: Action) => {
    await chosen.act(run);
    if (chosen.name === "Delete") go("/runs");
  };
  return (
    <div className="actions">
      {actions
        .filter((each) => each.of(run))
        .map((each) => (
          <button key={each.name} type="button" onClick={() => setAction(each)}>
            {each.name}
          </button>
        ))}
      {action ? (
        <Confirm
          title={`${action.name}: ${run.name}?`}
          says={action.says(run)}
          verb={action.name}
          isDangerous={action.isDangerous}
          act={() => act(action)}
          onClose={() => setAction(undefined)}
        />
      ) : null}
    </div>
  );
}
