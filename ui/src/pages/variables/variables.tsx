// Variables: values that flows read by name, as JSON.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post, remove } from "../../api/http";
import type { Variable } from "../../api/types";
import { MOST, useFresh } from "../../api/queries";
import { Confirm } from "../../components/confirm";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { jsonText } from "../../lib/json";
import { useLater } from "../../lib/later";
import { useTitle } from "../../lib/title";
import { useUrlFilter } from "../../lib/url_filter";
import { Editor } from "./editor";
import "../../styles/list.css";

const noVariables: Variable[] = [];

function useVariables(text: string) {
  const key = ["variables", text];
  useFresh(["variables"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      post<Variable[]>(
        "variables/filter",
        {
          variables: text ? { name: { like_: text } } : {},
          sort: "NAME_ASC",
          limit: MOST,
        },
        signal,
      ),
    placeholderData: (previous) => previous,
  });
}

interface RowProps {
  variable: Variable;
  edits: boolean;
  onEdit: () => void;
  onDone: () => void;
}

function Row({ variable, edits, onEdit, onDone }: RowProps) {
  const client = useQueryClient();
  const [deletes, setDeletes] = useState(false);
  const drop = async () => {
    await remove(`variables/${variable.id}`);
    onDone();
    await client.invalidateQueries({ queryKey: ["variables"] });
  };
  return (
    <li>
      <div className="list-row">
        <span className="list-main">
          <strong>{variable.name}</strong> <code>{jsonText(variable.value)}</code>
        </span>
        <span className="list-side faint">
          changed <When time={variable.updated} />
        </span>
        <span className="list-side">
          <button
            type="button"
            className="quiet"
            aria-expanded={edits}
            disabled={edits}
            onClick={onEdit}
          >
            Edit<span className="unseen"> {variable.name}</span>
          </button>
          <button type="button" className="quiet" onClick={() => setDeletes(true)}>
            Delete<span className="unseen"> {variable.name}</span>
          </button>
        </span>
      </div>
      {edits ? <Editor variable={variable} onDone={onDone} /> : null}
      {deletes ? (
        <Confirm
          title={`Delete: ${variable.name}?`}
          says="Flows that read it get nothing from then on. Its value cannot be brought back."
          verb="Delete"
          isDangerous
          act={drop}
          onClose={() => setDeletes(false)}
        />
      ) : null}
    </li>
  );
}

function Nothing({ text }: { text: string }) {
  if (text) return <Empty title="No variable has such a name." />;
  return (
    <Empty
      title="There are no variables yet."
      command={"fermata variable set greeting '\"hello\"'"}
    >
      <p>Flows read them by name: settings that change without a new version.</p>
    </Empty>
  );
}

const noFilter = { text: "" };

/** Those that are being edited stay, though the search, or somebody, takes them out of the list. */
function Rows({ listed }: { listed: Variable[] }) {
  const [edited, setEdited] = useState<Variable[]>([]);
  const isIn = (list: Variable[], { id }: Variable) => list.some((other) => other.id === id);
  const others = edited.filter((variable) => !isIn(listed, variable));
  return (
    <ul className="list" aria-label="Variables">
      {[...others, ...listed].map((variable) => (
        <Row
          key={variable.id}
          variable={variable}
          edits={isIn(edited, variable)}
          onEdit={() => setEdited((before) => [...before, variable])}
          onDone={() => setEdited((before) => before.filter(({ id }) => id !== variable.id))}
        />
      ))}
    </ul>
  );
}

export function Variables() {
  useTitle("Variables");
  const [{ text }, setFilter] = useUrlFilter(noFilter);
  const [adds, setAdds] = useState(false);
  const settled = useLater(text);
  const { data, error } = useVariables(settled);
  return (
    <section className="page">
      <header className="page-head">
        <h1>Variables</h1>
        <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
          <input
            type="search"
            aria-label="Search"
            placeholder="Name of the variable"
            value={text}
            onChange={(event) => setFilter({ text: event.target.value })}
          />
          <button type="button" aria-expanded={adds} disabled={adds} onClick={() => setAdds(true)}>
            New variable
          </button>
        </form>
      </header>
      {adds ? <Editor variable={undefined} onDone={() => setAdds(false)} /> : null}
      {error && !data ? <Trouble error={error} /> : null}
      {!data && !error ? <Loading /> : null}
      {data?.length === 0 && !adds ? <Nothing text={settled} /> : null}
      <Rows listed={data ?? noVariables} />
      {data?.length === MOST ? (
        <p className="faint">These are the first {MOST} by name; search for the others.</p>
      ) : null}
    </section>
  );
}
