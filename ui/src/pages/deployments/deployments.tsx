// What is served, and can be run by a click.
import { Link } from "wouter";
import { MOST } from "../../api/queries";
import type { Deployment } from "../../api/types";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { useLater } from "../../lib/later";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";
import { useNamesOf } from "../runs/queries";
import { useDeployments } from "./queries";
import { scheduleText } from "./schedules";
import "../../styles/list.css";

function Status({ deployment }: { deployment: Deployment }) {
  if (deployment.paused)
    return (
      <span className="state state-paused">
        <span className="dot" aria-hidden="true" /> paused
      </span>
    );
  return deployment.status === "READY" ? (
    <span className="state state-completed">
      <span className="dot" aria-hidden="true" /> served
    </span>
  ) : (
    <span className="state">
      <span className="dot" aria-hidden="true" /> not served
    </span>
  );
}

function Row({ deployment, flow }: { deployment: Deployment; flow: string }) {
  const schedules = deployment.schedules.filter((schedule) => schedule.active).map(scheduleText);
  return (
    <li>
      <Link href={`/deployments/deployment/${deployment.id}`} className="list-row">
        <span className="list-main">
          <strong>{deployment.name}</strong> <span className="faint">{flow}</span>
          {deployment.tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </span>
        {schedules.length > 0 ? (
          <span className="list-side faint">{schedules.join("; ")}</span>
        ) : null}
        <span className="list-side list-status">
          <Status deployment={deployment} />
        </span>
        <span className="list-side list-time faint">
          {deployment.last_polled ? (
            <>
              seen <When time={deployment.last_polled} />
            </>
          ) : (
            "never seen"
          )}
        </span>
      </Link>
    </li>
  );
}

const noFilter = { text: "" };

export function Deployments() {
  useTitle("Deployments");
  const [filter, setFilter] = useUrlFilter(noFilter);
  const text = useLater(filter.text);
  const { data, error } = useDeployments(text);
  const flows = useNamesOf("flows", data?.map((deployment) => deployment.flow_id) ?? []);
  return (
    <section className="page">
      <header className="page-head">
        <h1>Deployments</h1>
        <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
          <input
            type="search"
            aria-label="Search"
            placeholder="Name of the deployment"
            value={filter.text}
            onChange={(event) => setFilter({ text: event.target.value })}
          />
        </form>
      </header>
      {error && !data ? <Trouble error={error} /> : null}
      {!data && !error ? <Loading /> : null}
      {data?.length === 0 ? (
        text ? (
          <Empty title="No deployment has such a name.">
            <p>
              <button type="button" onClick={() => setFilter(noFilter)}>
                Show all deployments
              </button>
            </p>
          </Empty>
        ) : (
          <Empty title="Nothing is served yet." command="build/examples/greeter_responds">
            <p>A program that serves flows shows up here as soon as it is started:</p>
          </Empty>
        )
      ) : null}
      <ul className="list" aria-label="Deployments">
        {data?.map((deployment) => (
          <Row
            key={deployment.id}
            deployment={deployment}
            flow={flows.get(deployment.flow_id) ?? ""}
          />
        ))}
      </ul>
      {data?.length === MOST ? (
        <p className="faint">These are the first {MOST} by name; search for the others.</p>
      ) : null}
    </section>
  );
}
