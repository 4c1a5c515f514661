// One deployment: its schedules and next runs, and a form to run it now.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { ApiError, patch, post } from "../../api/http";
import type { Deployment as DeploymentType, Schedule } from "../../api/types";
import { Gone } from "../../components/gone";
import { Loading } from "../../components/loading";
import { NotDone, Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { dayAndTime } from "../../lib/times";
import { useTitle } from "../../lib/title";
import { useNamesOf } from "../runs/queries";
import { useDeployment, useNextRuns } from "./queries";
import { RunForm } from "./run_form";
import { scheduleText } from "./schedules";
import "../../styles/list.css";

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

function NextRuns({ id }: { id: string }) {
  const next = useNextRuns(id).data ?? [];
  if (next.length === 0) return null;
  return (
    <>
      <h2>Next runs</h2>
      <ul className="list" aria-label="Next runs">
        {next.map((run) => (
          <li key={run.id}>
            <Link href={`/runs/flow-run/${run.id}`} className="list-row">
              <span className="list-main">{run.name}</span>
              <span className="list-side faint">
                {run.expected_start_time ? (
                  <>
                    {dayAndTime(run.expected_start_time)}, <When time={run.expected_start_time} />
                  </>
                ) : null}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function Schedules({ deployment }: { deployment: DeploymentType }) {
  const [change, error] = useChange(deployment.id);
  const toggle = (schedule: Schedule) =>
    change(() =>
      patch(`deployments/${deployment.id}/schedules/${schedule.id}`, { active: !schedule.active }),
    );
  if (deployment.schedules.length === 0)
    return <p className="faint">It has no schedule: it runs when it is asked to.</p>;
  return (
    <>
      {error ? <NotDone error={error} /> : null}
      {deployment.paused ? (
        <p className="notice">It is paused: none of these makes runs until it is resumed.</p>
      ) : null}
      <ul className="list" aria-label="Schedules">
        {deployment.schedules.map((schedule) => (
          <li key={schedule.id} className="list-row">
            <span className={schedule.active ? "list-main" : "list-main faint"}>
              {scheduleText(schedule)}
            </span>
            <label className="check">
              <input
                type="checkbox"
                role="switch"
                aria-label={`${scheduleText(schedule)}: active`}
                checked={schedule.active}
                onChange={() => void toggle(schedule)}
              />
              {schedule.active ? "on" : "off"}
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}

function PauseButton({ deployment }: { deployment: DeploymentType }) {
  const [change, error] = useChange(deployment.id);
  const verb = deployment.paused ? "resume" : "pause";
  return (
    <div className="pause">
      <button
        type="button"
        aria-describedby="pause-note"
        onClick={() =>
          void change(() => post(`deployments/${deployment.id}/${verb}_deployment`, {}))
        }
      >
        {deployment.paused ? "Resume" : "Pause"}
      </button>
      <p id="pause-note" className="faint">
        {deployment.paused
          ? "Then its schedules make runs again."
          : "Then its schedules make no more runs; you can still run it by hand."}
      </p>
      {error ? <NotDone error={error} /> : null}
    </div>
  );
}

function Facts({ deployment }: { deployment: DeploymentType }) {
  const flow = useNamesOf("flows", [deployment.flow_id]).get(deployment.flow_id);
  const facts = [
    ["Flow", <Link href={`/runs?flow=${deployment.flow_id}`}>{flow ?? "\u00a0"}</Link>],
    ["Runs", <Link href={`/runs?deployment=${deployment.id}`}>all of them</Link>],
    ["Last seen", deployment.last_polled ? <When time={deployment.last_polled} /> : "never"],
    ["Version", deployment.version],
    ["Entrypoint", deployment.entrypoint],
    ["Work pool", deployment.work_pool_name],
    ["Tags", deployment.tags.join(", ")],
  ] as const;
  return (
    <dl className="facts">
      {facts.map(([name, fact]) =>
        fact ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

export function Deployment({ params }: { params: Record<string, string | undefined> }) {
  const { data: deployment, error } = useDeployment(params.id ?? "");
  useTitle(deployment?.name ?? "Deployment");
  if (error instanceof ApiError && error.status < 500)
    return (
      <Gone what="deployment">
        It was deleted, or never was on this server.{" "}
        <Link href="/deployments">See the deployments that are</Link>
      </Gone>
    );
  if (!deployment) return error ? <Trouble error={error} /> : <Loading />;
  return (
    <section className="page narrow">
      <header className="page-head">
        <h1>{deployment.name}</h1>
      </header>
      <Facts deployment={deployment} />
      {deployment.status === "READY" ? null : (
        <p className="notice" role="status">
          Nobody serves it just now: runs wait until somebody does.
        </p>
      )}
      {deployment.description ? <p className="description">{deployment.description}</p> : null}
      <h2>Run now</h2>
      <RunForm key={deployment.id} deployment={deployment} />
      <NextRuns id={deployment.id} />
      <h2>Schedules</h2>
      <Schedules deployment={deployment} />
      <PauseButton deployment={deployment} />
    </section>
  );
}
