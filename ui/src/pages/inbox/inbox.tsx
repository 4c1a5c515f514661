// What waits for somebody: the requests that expire first on top.
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { type InboxFilter, MOST, useInbox, wholeInbox } from "../../api/queries";
import type { InputRequest } from "../../api/types";
import { askForNotifications, useNotificationPermission } from "../../app/notifications";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Select } from "../../components/select";
import { Trouble } from "../../components/trouble";
import { Countdown, When } from "../../components/when";
import { isAlike, whatIsAsked } from "../../lib/asked";
import { useLater } from "../../lib/later";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";

function Row(props: {
  request: InputRequest;
  chosen: boolean;
  onChoose: (chosen: boolean) => void;
}) {
  const { request } = props;
  const href = `/requests/${request.id}`;
  return (
    <li className="inbox-row">
      <input
        type="checkbox"
        aria-label={`Choose ${request.flow_run_name}`}
        checked={props.chosen}
        onChange={(event) => props.onChoose(event.target.checked)}
      />
      <Link href={href} className="inbox-link">
        <span className="inbox-who">
          <strong>{request.flow_name}</strong>{" "}
          <span className="faint">{request.flow_run_name}</span>
          {request.deployment_name ? <span className="tag">{request.deployment_name}</span> : null}
          {request.state === "checking" ? <span className="tag">being checked</span> : null}
        </span>
        <span className="inbox-what">{whatIsAsked(request)}</span>
        <span className="inbox-when">
          <span>
            {request.deadline ? (
              <>
                expires <Countdown until={request.deadline} />
              </>
            ) : (
              "no deadline"
            )}
          </span>
          <span className="faint">
            asked <When time={request.created} />
          </span>
        </span>
      </Link>
    </li>
  );
}

function Chosen({ chosen, onClear }: { chosen: InputRequest[]; onClear: () => void }) {
  const [, go] = useLocation();
  const [first, ...others] = chosen;
  if (!first) return null;
  const alike = others.every((other) => isAlike(first, other));
  const address = `/requests/${first.id}?also=${others.map((other) => other.id).join(",")}`;
  return (
    <div className="chosen" role="region" aria-label="Chosen requests">
      <span>
        {chosen.length} chosen{alike ? "" : "; they do not ask for the same"}
      </span>
      <button type="button" className="main" disabled={!alike} onClick={() => go(address)}>
        {others.length > 0 ? "Answer together" : "Answer"}
      </button>
      <button type="button" className="quiet" onClick={onClear}>
        Clear
      </button>
    </div>
  );
}

function NotificationOffer() {
  const permission = useNotificationPermission();
  if (permission !== "default") return null;
  return (
    <button type="button" className="quiet" onClick={() => void askForNotifications()}>
      Tell me on the desktop
    </button>
  );
}

function Filters(props: {
  filter: InboxFilter;
  flows: Map<string, string>;
  onChange: (filter: Partial<InboxFilter>) => void;
}) {
  return (
    <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        aria-label="Search"
        placeholder="Search flow, run, description"
        value={props.filter.text}
        onChange={(event) => props.onChange({ text: event.target.value })}
      />
      <Select
        label="Flow"
        all="All flows"
        value={props.filter.flow}
        choices={[...props.flows]}
        onChange={(flow) => props.onChange({ flow })}
      />
      <NotificationOffer />
    </form>
  );
}

function NothingWaits({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="Nothing that waits fits this search." />;
  return (
    <Empty title="Nobody waits for you." command="fermata help">
      <p>
        A flow that pauses shows up here, without reloading. How to write one that asks is in the
        guide; in a shell it is <code>fermata help</code>.
      </p>
    </Empty>
  );
}

export function Inbox() {
  useTitle("Inbox");
  const [filter, setFilter] = useUrlFilter(wholeInbox);
  const text = useLater(filter.text);
  const { data, error } = useInbox({ ...filter, text });
  const everything = useInbox(wholeInbox).data;
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const flows = useMemo(
    () => new Map(everything?.map((request) => [request.flow_id, request.flow_name])),
    [everything],
  );
  const choose = (id: string, chosen: boolean) =>
    setIds((before) => {
      const after = new Set(before);
      if (chosen) after.add(id);
      else after.delete(id);
      return after;
    });
  const chosen = data?.filter((request) => ids.has(request.id)) ?? [];

  return (
    <section className="page">
      <header className="page-head">
        <h1>Inbox</h1>
        <Filters filter={filter} flows={flows} onChange={setFilter} />
      </header>
      {error ? <Trouble error={error} /> : null}
      {!data && !error ? <Loading /> : null}
      {data?.length === 0 ? <NothingWaits filtered={!!(text || filter.flow)} /> : null}
      <ul className="inbox" aria-label="Open input requests">
        {data?.map((request) => (
          <Row
            key={request.id}
            request={request}
            chosen={ids.has(request.id)}
            onChoose={(on) => choose(request.id, on)}
          />
        ))}
      </ul>
      {data?.length === MOST ? (
        <p className="faint">These are the {MOST} that expire first.</p>
      ) : null}
      <Chosen chosen={chosen} onClear={() => setIds(new Set())} />
    </section>
  );
}
