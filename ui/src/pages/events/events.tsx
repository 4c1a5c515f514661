// What has happened, as it happens.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { post } from "../../api/http";
import { useFresh } from "../../api/queries";
import type { Event } from "../../api/types";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";
import "../../styles/list.css";

const noFilter = { event: "", resource: "" };
const MOST = 50;

function useEvents({ event, resource }: typeof noFilter) {
  const key = ["events", event, resource];
  useFresh(["events"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      post<{ events: Event[]; total: number }>(
        "events/filter",
        {
          filter: {
            ...(event ? { event: { prefix: [event] } } : {}),
            ...(resource ? { any_resource: { id: [resource] } } : {}),
            order: "DESC",
          },
          limit: MOST,
        },
        signal,
      ),
    placeholderData: (previous) => previous,
  });
}

const pages: [prefix: string, page: string][] = [
  ["prefect.flow-run.", "/runs/flow-run/"],
  ["prefect.deployment.", "/deployments/deployment/"],
  ["fermata.input-request.", "/requests/"],
];

function Resource({ resource }: { resource: Record<string, string> }) {
  const id = resource["prefect.resource.id"] ?? "";
  const name = resource["prefect.resource.name"] ?? id;
  const page = pages.find(([prefix]) => id.startsWith(prefix));
  return page ? <Link href={page[1] + id.slice(page[0].length)}>{name}</Link> : <>{name}</>;
}

function Row({ event }: { event: Event }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <div className="list-row">
        <span className="list-main">
          <button
            type="button"
            className="quiet"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            {event.event}
          </button>{" "}
          <Resource resource={event.resource} />
        </span>
        <span className="list-side faint">
          <When time={event.occurred} />
        </span>
      </div>
      {isOpen ? <pre className="json">{JSON.stringify(event, null, 2)}</pre> : null}
    </li>
  );
}

export function Events() {
  useTitle("Events");
  const [filter, setFilter] = useUrlFilter(noFilter);
  const { data, error } = useEvents(filter);
  return (
    <section className="page">
      <header className="page-head">
        <h1>Events</h1>
        <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
          <input
            type="search"
            aria-label="Events"
            placeholder="Begins with, such as prefect.flow-run"
            value={filter.event}
            onChange={(event) => setFilter({ event: event.target.value })}
          />
          <input
            type="search"
            aria-label="Resource"
            placeholder="Id of a resource"
            value={filter.resource}
            onChange={(event) => setFilter({ resource: event.target.value })}
          />
        </form>
      </header>
      {error ? <Trouble error={error} /> : null}
      {!data && !error ? <Loading /> : null}
      {data?.events.length === 0 ? <Empty title="Nothing like that has happened." /> : null}
      <ul className="list" aria-label="Events">
        {data?.events.map((event) => (
          <Row key={event.id} event={event} />
        ))}
      </ul>
      {data && data.total > MOST ? (
        <p className="faint">
          The newest {MOST} of {data.total.toLocaleString()}.
        </p>
      ) : null}
    </section>
  );
}
