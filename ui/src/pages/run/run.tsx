// One run: what it does, did, said and asked.
import { useMemo } from "react";
import { Link } from "wouter";
import "../../styles/run.css";
import { useFlowRun } from "../../api/queries";
import type { FlowRun } from "../../api/types";
import { Loading } from "../../components/loading";
import { StateBadge } from "../../components/state_badge";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { duration } from "../../lib/times";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";
import { useFlowNames } from "../runs/queries";
import { Actions } from "./actions";
import { Gantt, linesOf } from "./gantt";
import { Logs } from "./logs";
import { Messages } from "./messages";
import { useRequestsOfRun, useStates, useSubflows, useTaskRuns } from "./queries";
import { Requests } from "./requests";
import { Timeline } from "./timeline";

function Facts({ run }: { run: FlowRun }) {
  const flowOf = useFlowNames(useMemo(() => [run], [run]));
  return (
    <dl className="facts">
      <div>
        <dt>Flow</dt>
        <dd>
          <Link href={`/runs?flow=${run.flow_id}`}>{flowOf(run)}</Link>
        </dd>
      </div>
      {run.deployment_id ? (
        <div>
          <dt>Deployment</dt>
          <dd>
            <Link href={`/deployments/deployment/${run.deployment_id}`}>
              {run.deployment_id.slice(0, 8)}
            </Link>
          </dd>
        </div>
      ) : null}
      <div>
        <dt>{run.start_time ? "Started" : "To start"}</dt>
        <dd>
          <When time={run.start_time ?? run.expected_start_time ?? run.created} />
        </dd>
      </div>
      {run.start_time ? (
        <div>
          <dt>Ran for</dt>
          <dd>{duration(run.estimated_run_time * 1000)}</dd>
        </div>
      ) : null}
      {run.run_count > 1 ? (
        <div>
          <dt>Times</dt>
          <dd>{run.run_count}</dd>
        </div>
      ) : null}
    </dl>
  );
}

function Tasks({ run }: { run: FlowRun }) {
  const tasks = useTaskRuns(run.id);
  const subflows = useSubflows(run.id);
  const lines = useMemo(
    () => linesOf(tasks.data ?? [], subflows.data ?? []),
    [tasks.data, subflows.data],
  );
  if (tasks.error) return <Trouble error={tasks.error} />;
  return tasks.data ? <Gantt run={run} lines={lines} /> : null;
}

function States({ run }: { run: FlowRun }) {
  const states = useStates(run.id);
  return states.data ? <Timeline states={states.data} /> : null;
}

function Asked({ run }: { run: FlowRun }) {
  const requests = useRequestsOfRun(run.id);
  return requests.data ? <Requests requests={requests.data} /> : null;
}

const ends = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"];

const tabs = [
  { name: "", label: "Log", show: (run: FlowRun) => <Logs runId={run.id} name={run.name} /> },
  { name: "tasks", label: "Tasks", show: (run: FlowRun) => <Tasks run={run} /> },
  { name: "states", label: "States", show: (run: FlowRun) => <States run={run} /> },
  { name: "asked", label: "Asked", show: (run: FlowRun) => <Asked run={run} /> },
  {
    name: "messages",
    label: "Messages",
    show: (run: FlowRun) => (
      <Messages runId={run.id} isOver={ends.includes(run.state_type ?? "")} />
    ),
  },
  {
    name: "parameters",
    label: "Parameters",
    show: (run: FlowRun) => (
      <pre className="json">{JSON.stringify(run.parameters, null, 2)}</pre>
    ),
  },
];

const noTab = { tab: "" };

/** That the run waits, above everything else, with the way to answer. */
function Waiting({ run }: { run: FlowRun }) {
  const requests = useRequestsOfRun(run.id).data;
  const open = requests?.find((request) => request.state === "open");
  if (!open) return null;
  return (
    <div className="notice notice-wait" role="status">
      <strong>It waits for an answer.</strong>{" "}
      <Link href={`/requests/${open.id}`}>Answer it</Link>
    </div>
  );
}

export function Run({ params }: { params: Record<string, string | undefined> }) {
  const { data: run, error } = useFlowRun(params.id);
  const [{ tab }, setTab] = useUrlFilter(noTab);
  useTitle(run?.name ?? "Run");
  if (error) return <Trouble error={error} />;
  if (!run) return <Loading />;
  const shown = tabs.find((each) => each.name === tab) ?? tabs[0]!;
  return (
    <section className="page">
      <header className="page-head">
        <h1>
          {run.name} <StateBadge type={run.state_type} name={run.state_name} />
        </h1>
        <Actions run={run} />
      </header>
      <Facts run={run} />
      {run.state?.message ? <p className="faint">{run.state.message}</p> : null}
      <Waiting run={run} />
      <div className="tabs" role="tablist" aria-label="Parts of the run">
        {tabs.map(({ name, label }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={shown.name === name}
            aria-controls="tab-panel"
            onClick={() => setTab({ tab: name })}
          >
            {label}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${shown.name}`}>
        {shown.show(run)}
      </div>
    </section>
  );
}
