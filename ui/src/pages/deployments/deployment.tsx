// One deployment: its schedules and next runs, and a form to run it now.
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import { patch, post } from "../../api/http";
import type { Deployment as DeploymentType, Schedule } from "../../api/types";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { exact } from "../../lib/times";
import { useTitle } from "../../lib/title";
import { useDeployment, useNextRuns } from "./queries";
import { scheduleText } from "./schedules";
import "../../styles/list.css";

const RunForm = lazy(async () => ({ default: (await import("./run_form")).RunForm }));

function useChange(id: string) {
  const client = useQueryClient();
  const [error, setError] = useState<Error>();
  const change = async (act: () => Promise<unknown>) => {
    setError(undefined);
    try {
      await act();
    } catch (problem) {
      setError(problem as Error);
    }
    await client.invalidateQueries({ queryKey: ["deployment", id] });
    await client.invalidateQueries({ queryKey: ["next-runs", id] });
  };
  return [change, error] as const;
}

function Schedules({ deployment }: { deployment: DeploymentType }) {
  const [change, error] = useChange(deployment.id);
  const next = useNextRuns(deployment.id).data ?? [];
  const toggle = (schedule: Schedule) =>
    change(() =>
      patch(`deployments/${deployment.id}/schedules/${schedule.id}`, { active: !schedule.active }),
    );
  if (deployment.schedules.length === 0)
    return <p className="faint">It has no schedule: it runs when it is asked to.</p>;
  return (
    <>
      {error ? <Trouble error={error} /> : null}
      <ul className="list">
        {deployment.schedules.map((schedule) => (
          <li key={schedule.id} className="list-row">
            <span className="list-main">{scheduleText(schedule)}</span>
            <label className="check">
              <input
                type="checkbox"
                checked={schedule.active}
                onChange={() => void toggle(schedule)}
              />
              active
            </label>
          </li>
        ))}
      </ul>
      {next.length > 0 ? (
        <p>
          Next:{" "}
          {next.map((run, index) => (
            <span key={run.id}>
              {index > 0 ? ", " : ""}
              <Link
                href={`/runs/flow-run/${run.id}`}
                title={run.expected_start_time ? exact(run.expected_start_time) : undefined}
              >
                {run.expected_start_time ? <When time={run.expected_start_time} /> : run.name}
              </Link>
            </span>
          ))}
        </p>
      ) : null}
    </>
  );
}

function PauseButton({ deployment }: { deployment: DeploymentType }) {
  const [change, error] = useChange(deployment.id);
  const verb = deployment.paused ? "resume" : "pause";
  return (
    <span>
      {error ? <Trouble error={error} /> : null}
      <button
        type="button"
        title={
          deployment.paused
            ? "Its schedules make runs again."
            : "Its schedules make no more runs; it can still be run by hand."
        }
        onClick={() =>
          void change(() => post(`deployments/${deployment.id}/${verb}_deployment`, {}))
        }
      >
        {deployment.paused ? "Resume" : "Pause"}
      </button>
    </span>
  );
}

export function Deployment({ params }: { params: Record<string, string | undefined> }) {
  const { data: deployment, error } = useDeployment(params.id ?? "");
  useTitle(deployment?.name ?? "Deployment");
  if (error) return <Trouble error={error} />;
  if (!deployment) return <Loading />;
  return (
    <section className="page narrow">
      <header className="page-head">
        <h1>{deployment.name}</h1>
        <PauseButton deployment={deployment} />
      </header>
      <dl className="facts">
        <div>
          <dt>Runs</dt>
          <dd>
            <Link href={`/runs?deployment=${deployment.id}`}>all of them</Link>
          </dd>
        </div>
        {deployment.entrypoint ? (
          <div>
            <dt>Entrypoint</dt>
            <dd>{deployment.entrypoint}</dd>
          </div>
        ) : null}
        {deployment.work_pool_name ? (
          <div>
            <dt>Work pool</dt>
            <dd>{deployment.work_pool_name}</dd>
          </div>
        ) : null}
        <div>
          <dt>Last seen</dt>
          <dd>{deployment.last_polled ? <When time={deployment.last_polled} /> : "never"}</dd>
        </div>
      </dl>
      {deployment.status === "READY" ? null : (
        <p className="notice" role="status">
          Nobody serves it just now: runs wait until somebody does.
        </p>
      )}
      {deployment.description ? <p>{deployment.description}</p> : null}
      <h2>Run now</h2>
      <Suspense fallback={<Loading />}>
        <RunForm key={deployment.id} deployment={deployment} />
      </Suspense>
      <h2>Schedules</h2>
      <Schedules deployment={deployment} />
    </section>
  );
}
