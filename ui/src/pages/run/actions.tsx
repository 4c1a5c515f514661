// What can be done to a run; each says before what will happen.
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { post, remove } from "../../api/http";
import type { FlowRun, StateType } from "../../api/types";

interface Action {
  name: string;
  says: (run: FlowRun) => string;
  of: (run: FlowRun) => boolean;
  act: (run: FlowRun) => Promise<unknown>;
}

const propose = (run: FlowRun, state: Record<string, unknown>, force = false) =>
  post<{ status: string; details: { reason?: string | null } }>(`flow_runs/${run.id}/set_state`, {
    state,
    force,
  }).then((reply) => {
    if (reply.status !== "ACCEPT") throw new Error(reply.details.reason ?? `It was refused: ${reply.status}`);
  });

const over: (StateType | null)[] = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"];
const isOver = (run: FlowRun) => over.includes(run.state_type);
const isOf = (...types: StateType[]) => (run: FlowRun) =>
  run.state_type !== null && types.includes(run.state_type);

const HOUR = 3_600_000;
const pauseDetails = (reschedule: boolean) => ({
  pause_timeout: new Date(Date.now() + HOUR).toISOString(),
  pause_reschedule: reschedule,
});

const actions: Action[] = [
  {
    name: "Resume",
    says: () => "The run goes on without an answer. If it asks for input, answer it instead.",
    of: isOf("PAUSED"),
    act: (run) =>
      post<{ status: string; details: { reason?: string | null } }>(`flow_runs/${run.id}/resume`, {}).then(
        (reply) => {
          if (reply.status !== "ACCEPT") throw new Error(reply.details.reason ?? "It was refused.");
        },
      ),
  },
  {
    name: "Pause",
    says: () =>
      "The run stops at its next step and waits, with its process, for somebody to resume it: for an hour at the most, then it fails.",
    of: isOf("RUNNING"),
    act: (run) => propose(run, { type: "PAUSED", name: "Paused", state_details: pauseDetails(false) }),
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
        : "The run does not start any more.",
    of: isOf("RUNNING", "PENDING", "SCHEDULED", "PAUSED"),
    act: (run) =>
      run.state_type === "RUNNING"
        ? propose(run, { type: "CANCELLING", name: "Cancelling" })
        : propose(run, { type: "CANCELLED", name: "Cancelled" }),
  },
  {
    name: "Retry",
    says: () => "The same run is scheduled again, with the same parameters, to be started at once.",
    of: (run) => isOver(run) && run.deployment_id !== null,
    act: (run) =>
      propose(run, {
        type: "SCHEDULED",
        name: "AwaitingRetry",
        state_details: { scheduled_time: new Date().toISOString() },
      }),
  },
  {
    name: "Delete",
    says: () => "The run goes, with its log, its tasks and its inputs. It cannot be brought back.",
    of: () => true,
    act: (run) => remove(`flow_runs/${run.id}`),
  },
];

export function Actions({ run }: { run: FlowRun }) {
  const [action, setAction] = useState<Action>();
  const [error, setError] = useState("");
  const [, go] = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);

  const open = (next: Action) => {
    setAction(next);
    setError("");
    dialog.current?.showModal();
  };
  const act = async () => {
    if (!action) return;
    try {
      await action.act(run);
      dialog.current?.close();
      if (action.name === "Delete") go("/runs");
    } catch (problem) {
      setError((problem as Error).message);
    }
  };

  return (
    <div className="actions">
      {actions
        .filter((each) => each.of(run))
        .map((each) => (
          <button key={each.name} type="button" onClick={() => open(each)}>
            {each.name}
          </button>
        ))}
      <dialog ref={dialog} aria-labelledby="action-title">
        <h2 id="action-title">
          {action?.name} {run.name}?
        </h2>
        <p>{action?.says(run)}</p>
        {error ? (
          <p className="notice notice-bad" role="alert">
            {error}
          </p>
        ) : null}
        <p className="dialog-buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            No, go back
          </button>
          <button type="button" className="main" onClick={() => void act()}>
            {action?.name}
          </button>
        </p>
      </dialog>
    </div>
  );
}
