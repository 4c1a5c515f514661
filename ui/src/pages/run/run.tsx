// One run: what it does, did, said and asked.
import { useMemo } from "react";
import { Link, useSearch } from "wouter";
import "../../styles/run.css";
import { ApiError } from "../../api/http";
import { useFlowRun } from "../../api/queries";
import type { FlowRun } from "../../api/types";
import { Copy } from "../../components/copy";
import { Empty } from "../../components/empty";
import { Gone } from "../../components/gone";
import { Loading } from "../../components/loading";
import { StateBadge } from "../../components/state_badge";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { jsonText } from "../../lib/json";
import { useNow } from "../../lib/now";
import { duration } from "../../lib/times";
import { useTitle } from "../../lib/title";
import { useNamesOf } from "../runs/queries";
import { Actions } from "./actions";
import { Gantt, linesOf } from "./gantt";
import { Logs } from "./logs";
import { Messages } from "./messages";
import { More } from "./more";
import { isOver } from "./over";
import { useOpenRequest, useRequestsOfRun, useStates, useSubflows, useTaskRuns } from "./queries";
import { Requests } from "./requests";
import { Timeline } from "./timeline";

/** The time that it spent running; it goes on while it runs. */
function RunTime({ run }: { run: FlowRun }) {
  const now = useNow(run.state_type === "RUNNING");
  const since = run.state_type === "RUNNING" && run.state ? Date.parse(run.state.timestamp) : now;
  return <>{duration(run.total_run_time * 1000 + Math.max(0, now - since))}</>;
}

function Facts({ run }: { run: FlowRun }) {
  const flow = useNamesOf("flows", [run.flow_id]).get(run.flow_id);
  const deployment = useNamesOf("deployments", [run.deployment_id]).get(run.deployment_id ?? "");
  return (
    <dl className="facts">
      <div>
        <dt>Flow</dt>
        <dd>
          <Link href={`/runs?flow=${run.flow_id}`}>{flow ?? " "}</Link>
        </dd>
      </div>
      {run.deployment_id ? (
        <div>
          <dt>Deployment</dt>
          <dd>
            <Link href={`/deployments/deployment/${run.deployment_id}`}>
              {deployment ?? run.deployment_id.slice(0, 8)}
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
          <dd>
            <RunTime run={run} />
          </dd>
        </div>
      ) : null}
      <div>
        <dt>Events</dt>
        <dd>
          <Link href={`/events?resource=prefect.flow-run.${run.id}`}>all of them</Link>
        </dd>
      </div>
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
  const subflows = useSubflows(run);
  const lines = useMemo(
    () => linesOf(tasks.rows ?? [], subflows.rows ?? []),
    [tasks.rows, subflows.rows],
  );
  const error = tasks.error ?? subflows.error;
  if (!tasks.rows || !subflows.rows) return error ? <Trouble error={error} /> : <Loading />;
  return (
    <>
      <Gantt run={run} lines={lines} />
      <More query={tasks} what="tasks" />
      <More query={subflows} what="subflows" />
    </>
  );
}

function States({ run }: { run: FlowRun }) {
  const { data, error } = useStates(run.id);
  if (!data) return error ? <Trouble error={error} /> : <Loading />;
  return <Timeline states={data} />;
}

function Asked({ run }: { run: FlowRun }) {
  const requests = useRequestsOfRun(run.id);
  if (!requests.rows) return requests.error ? <Trouble error={requests.error} /> : <Loading />;
  return (
    <>
      <Requests requests={requests.rows} />
      <More query={requests} what="questions" />
    </>
  );
}

function Parameters({ run }: { run: FlowRun }) {
  const text = jsonText(run.parameters, 2);
  if (text === "{}") return <Empty title="This run has no parameters." />;
  return (
    <>
      <Copy label="Copy" read={() => text} />
      <pre className="json" tabIndex={0}>
        {text}
      </pre>
    </>
  );
}

const tabs = [
  { name: "", label: "Log", show: (run: FlowRun) => <Logs runId={run.id} name={run.name} /> },
  { name: "tasks", label: "Tasks", show: (run: FlowRun) => <Tasks run={run} /> },
  { name: "states", label: "States", show: (run: FlowRun) => <States run={run} /> },
  { name: "asked", label: "Asked", show: (run: FlowRun) => <Asked run={run} /> },
  {
    name: "messages",
    label: "Messages",
    show: (run: FlowRun) => <Messages runId={run.id} isOver={isOver(run)} />,
  },
  { name: "parameters", label: "Parameters", show: (run: FlowRun) => <Parameters run={run} /> },
];

/** That the run waits, above everything else, with the way to answer. */
function Waiting({ run }: { run: FlowRun }) {
  const open = useOpenRequest(run.id).data?.[0];
  if (!open) return null;
  return (
    <div className="notice notice-wait" role="status">
      <strong>It waits for an answer.</strong> <Link href={`/requests/${open.id}`}>Answer it</Link>
    </div>
  );
}

export function Run({ params }: { params: Record<string, string | undefined> }) {
  const { data: run, error } = useFlowRun(params.id);
  const tab = new URLSearchParams(useSearch()).get("tab") ?? "";
  useTitle(run?.name ?? "Run");
  if (error instanceof ApiError && error.status < 500)
    return (
      <Gone what="run">
        It was deleted, or never was on this server. <Link href="/runs">See the runs that are</Link>
      </Gone>
    );
  if (!run) return error ? <Trouble error={error} /> : <Loading />;
  const shown = tabs.find((each) => each.name === tab) ?? tabs[0]!;
  const here = `/runs/flow-run/${run.id}`;
  return (
    <section className="page">
      <header className="page-head">
        <h1>
          {run.name} <StateBadge type={run.state_type} name={run.state_name} />
        </h1>
        <Actions run={run} />
      </header>
      <Facts run={run} />
      {run.state?.message ? <p className="run-message faint">{run.state.message}</p> : null}
      {run.state_type === "PAUSED" ? <Waiting run={run} /> : null}
      <nav className="tabs" aria-label="Parts of the run">
        {tabs.map(({ name, label }) => (
          <Link
            key={name}
            href={name ? `${here}?tab=${name}` : here}
            replace
            aria-current={shown.name === name ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      <h2 className="unseen">{shown.label}</h2>
      {shown.show(run)}
    </section>
  );
}
