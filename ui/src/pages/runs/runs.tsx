// All runs, the newest on top.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { Link } from "wouter";
import "../../styles/runs.css";
import { MOST } from "../../api/queries";
import type { FlowRun } from "../../api/types";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Select } from "../../components/select";
import { StateBadge } from "../../components/state_badge";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { useLater } from "../../lib/later";
import { duration } from "../../lib/times";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";
import { Chart } from "./chart";
import { noFilter, type RunFilter, sinceChoices, stateChoices } from "./filter";
import { useHistory, useNames, useNamesOf, useRuns } from "./queries";

type Choices = readonly (readonly [string, string])[];

/** The choices, and the chosen one if it is not among the first of them. */
function withChosen(choices: Choices, chosen: string, names: ReadonlyMap<string, string>): Choices {
  if (chosen === "" || choices.some(([id]) => id === chosen)) return choices;
  return [[chosen, names.get(chosen) ?? chosen], ...choices];
}

const allOf = (nouns: string, choices: Choices) =>
  choices.length < MOST ? `All ${nouns}` : `All ${nouns}; here ${MOST} of them`;

function useFlowChoices(chosen: string) {
  const flows = useNames("flows").data ?? [];
  const choices = flows.map(({ id, name }) => [id, name] as const);
  return withChosen(choices, chosen, useNamesOf("flows", [chosen]));
}

function useDeploymentChoices(chosen: string) {
  const deployments = useNames("deployments").data ?? [];
  const flowOf = useNamesOf(
    "flows",
    deployments.map((deployment) => deployment.flow_id),
  );
  const choices = deployments.map(
    ({ id, name, flow_id }) => [id, `${flowOf.get(flow_id ?? "") ?? ""}/${name}`] as const,
  );
  return withChosen(choices, chosen, useNamesOf("deployments", [chosen]));
}

function Filters(props: { filter: RunFilter; onChange: (change: Partial<RunFilter>) => void }) {
  const { filter, onChange } = props;
  const flows = useFlowChoices(filter.flow);
  const deployments = useDeploymentChoices(filter.deployment);
  return (
    <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        aria-label="Search"
        placeholder="Name of the run"
        value={filter.text}
        onChange={(event) => onChange({ text: event.target.value })}
      />
      <Select
        label="State"
        all="All states"
        value={filter.state}
        choices={stateChoices.map(({ name, label }) => [name, label])}
        onChange={(state) => onChange({ state })}
      />
      <Select
        label="Flow"
        all={allOf("flows", flows)}
        value={filter.flow}
        choices={flows}
        onChange={(flow) => onChange({ flow })}
      />
      <Select
        label="Deployment"
        all={allOf("deployments", deployments)}
        value={filter.deployment}
        choices={deployments}
        onChange={(deployment) => onChange({ deployment })}
      />
      <Select
        label="Time"
        all="All time"
        value={filter.since}
        choices={sinceChoices.map(({ name, label }) => [name, label])}
        onChange={(since) => onChange({ since })}
      />
    </form>
  );
}

function Row({ run, flow }: { run: FlowRun; flow: string }) {
  const time = run.start_time ?? run.expected_start_time;
  return (
    <Link href={`/runs/flow-run/${run.id}`} className="run-row">
      <StateBadge type={run.state_type} name={run.state_name} />
      <span className="run-name">
        <strong>{run.name}</strong> <span className="faint">{flow}</span>
        {run.tags.map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
      </span>
      <span className="run-took faint">
        {run.start_time ? duration(run.estimated_run_time * 1000) : ""}
      </span>
      <span className="run-time">{time ? <When time={time} /> : null}</span>
    </Link>
  );
}

const ROW_HEIGHT = 44; // as in runs.css
const AHEAD = 30; // rows before the end at which the next part is read
const NAMED = 50; // rows whose flows are asked for together

function Nothing({ filter, onAll }: { filter: RunFilter; onAll: () => void }) {
  if (JSON.stringify(filter) === JSON.stringify(noFilter))
    return (
      <Empty title="Nothing has run yet." command="build/examples/greet">
        <p>Start any program with a flow, and its run shows up here:</p>
      </Empty>
    );
  return (
    <Empty title="No run fits these filters.">
      <p>
        <button type="button" onClick={onAll}>
          Show all runs
        </button>
      </p>
    </Empty>
  );
}

function List({ filter, onAll }: { filter: RunFilter; onAll: () => void }) {
  const query = useRuns(filter);
  const { rows, error, hasNextPage, isFetchingNextPage, fetchNextPage, isLive } = query;
  const list = useRef<HTMLUListElement>(null);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (index) => rows[index]!.id,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const named = rows.slice(
    Math.floor((items[0]?.index ?? 0) / NAMED) * NAMED,
    Math.ceil((last + 1) / NAMED) * NAMED,
  );
  const flows = useNamesOf(
    "flows",
    named.map((run) => run.flow_id),
  );
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, last, rows.length, fetchNextPage]);

  if (!query.data) return error ? <Trouble error={error} /> : <Loading />;
  if (rows.length === 0) return <Nothing filter={filter} onAll={onAll} />;
  const toNewest = () => {
    scrollTo({ top: 0 });
    void query.beginAnew();
  };
  return (
    <>
      {isLive ? null : (
        <p className="floating" role="status">
          These are older ones: what is new, or changes, does not show up.{" "}
          <button type="button" onClick={toNewest}>
            To the newest
          </button>
        </p>
      )}
      <ul
        ref={list}
        className="runs"
        aria-label="Flow runs"
        style={{ height: virtual.getTotalSize() }}
      >
        {items.map((item) => (
          <li
            key={item.key}
            style={{ transform: `translateY(${item.start - virtual.options.scrollMargin}px)` }}
          >
            <Row run={rows[item.index]!} flow={flows.get(rows[item.index]!.flow_id) ?? ""} />
          </li>
        ))}
      </ul>
    </>
  );
}

export function Runs() {
  useTitle("Runs");
  const [said, setFilter] = useUrlFilter(noFilter);
  const text = useLater(said.text);
  const filter = useMemo(() => ({ ...said, text }), [said, text]);
  const history = useHistory(filter);
  return (
    <section className="page">
      <header className="page-head">
        <h1>Runs</h1>
        <Filters filter={said} onChange={setFilter} />
      </header>
      <Chart intervals={history.data} />
      <List filter={filter} onAll={() => setFilter(noFilter)} />
    </section>
  );
}
