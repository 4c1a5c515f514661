// What has happened, as it happens.
import { useState } from "react";
import { Link } from "wouter";
import type { Event } from "../../api/types";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { jsonText } from "../../lib/json";
import { useLater } from "../../lib/later";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";
import { type EventFilter, noFilter, useEvents } from "./queries";
import "../../styles/list.css";

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

function Row({ event, isFirst }: { event: Event; isFirst: boolean }) {
  const [isOpen, setOpen] = useState(isFirst);
  return (
    <li>
      <div className="list-row">
        <span className="list-main">
          <button
            type="button"
            className="quiet event-name"
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
      {isOpen ? (
        <pre className="json event-detail" tabIndex={0}>
          {jsonText(event, 2)}
        </pre>
      ) : null}
    </li>
  );
}

const fields: [name: "text" | "event" | "resource", label: string, hint: string][] = [
  ["text", "Search", "Words in the event"],
  ["event", "Kind", "Kind, such as prefect.flow-run"],
  ["resource", "Resource", "Id, such as prefect.flow-run.…"],
];

function Filters(props: { filter: EventFilter; onChange: (change: Partial<EventFilter>) => void }) {
  return (
    <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
      {fields.map(([name, label, hint]) => (
        <input
          key={name}
          type="search"
          aria-label={label}
          placeholder={hint}
          value={props.filter[name]}
          onChange={(event) => props.onChange({ [name]: event.target.value })}
        />
      ))}
    </form>
  );
}

function Nothing({ filter, onAll }: { filter: EventFilter; onAll: () => void }) {
  if (JSON.stringify(filter) === JSON.stringify(noFilter))
    return (
      <Empty title="Nothing has happened yet." command="build/examples/greet">
        <p>What flows and people do shows up here. Start any flow:</p>
      </Empty>
    );
  return (
    <Empty title="No event fits these filters.">
      <p>
        <button type="button" onClick={onAll}>
          Show all events
        </button>
      </p>
    </Empty>
  );
}

/** The server counts no further. */
const COUNTED = 10000;

function countText(total: number) {
  return total > COUNTED ? `more than ${COUNTED.toLocaleString()}` : total.toLocaleString();
}

export function Events() {
  useTitle("Events");
  const [filter, setFilter] = useUrlFilter(noFilter);
  const settled = useLater(filter);
  const query = useEvents(settled);
  const events = query.data?.pages.flatMap((page) => page.events);
  const total = query.data?.pages[0]?.total ?? 0;
  const showAll = () => setFilter(noFilter);
  const toNewest = () => {
    scrollTo({ top: 0 });
    void query.beginAnew();
  };
  return (
    <section className="page">
      <header className="page-head">
        <h1>Events</h1>
        <Filters filter={filter} onChange={setFilter} />
      </header>
      {filter.id ? (
        <p className="faint">
          One event.{" "}
          <button type="button" onClick={showAll}>
            Show all events
          </button>
        </p>
      ) : null}
      {query.error && !events ? <Trouble error={query.error} /> : null}
      {!events && !query.error ? <Loading /> : null}
      {events?.length === 0 ? <Nothing filter={settled} onAll={showAll} /> : null}
      <ul className="list" aria-label="Events">
        {events?.map((event) => (
          <Row key={event.id} event={event} isFirst={event.id === filter.id} />
        ))}
      </ul>
      {events && events.length > 0 ? (
        <p className="faint">
          {events.length.toLocaleString()} of {countText(total)}{" "}
          {query.hasNextPage ? (
            <button
              type="button"
              disabled={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              {query.isFetchingNextPage ? "Reading…" : "Show older ones"}
            </button>
          ) : null}
        </p>
      ) : null}
      {query.isLive ? null : (
        <p className="floating" role="status">
          These are older ones: what is new does not show up.{" "}
          <button type="button" onClick={toNewest}>
            To the newest
          </button>
        </p>
      )}
    </section>
  );
}
