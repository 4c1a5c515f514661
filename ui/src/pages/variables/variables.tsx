// Variables: values that flows read by name, as JSON.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { patch, post, remove } from "../../api/http";
import type { Json, Variable } from "../../api/types";
import { useFresh } from "../../api/queries";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { useTitle } from "../../lib/title";
import "../../styles/list.css";

const KEY = ["variables"];

function parse(text: string): { value: Json } | { error: string } {
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { error: `Not JSON: ${(error as Error).message}. A text stands between quotes.` };
  }
}

interface EditorProps {
  variable: Variable | undefined; // undefined: a new one
  onDone: () => void;
}

function Editor({ variable, onDone }: EditorProps) {
  const client = useQueryClient();
  const [name, setName] = useState(variable?.name ?? "");
  const [text, setText] = useState(variable ? JSON.stringify(variable.value, null, 2) : '""');
  const [error, setError] = useState<Error>();
  const parsed = parse(text);
  const badName = name !== "" && !/^[a-z0-9_-]+$/.test(name);

  const save = async () => {
    if (!("value" in parsed)) return;
    setError(undefined);
    try {
      const body = { name, value: parsed.value };
      await (variable ? patch(`variables/${variable.id}`, body) : post("variables/", body));
      await client.invalidateQueries({ queryKey: KEY });
      onDone();
    } catch (problem) {
      setError(problem as Error);
    }
  };

  return (
    <form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label>
        Name
        <input
          type="text"
          required
          value={name}
          aria-describedby="name-error"
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <p className="errors" id="name-error">
        {badName ? "lower-case letters, digits, dashes and underscores only" : ""}
      </p>
      <label>
        Value, as JSON
        <textarea
          className="json"
          rows={Math.min(16, text.split("\n").length + 1)}
          spellCheck={false}
          value={text}
          aria-describedby="value-error"
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <p className="errors" id="value-error">
        {"error" in parsed ? parsed.error : ""}
      </p>
      {error ? <Trouble error={error} /> : null}
      <p className="editor-buttons">
        <button type="submit" className="main" disabled={badName || "error" in parsed}>
          Save
        </button>
        <button type="button" onClick={onDone}>
          Leave it
        </button>
      </p>
    </form>
  );
}

function Row({ variable }: { variable: Variable }) {
  const client = useQueryClient();
  const [edits, setEdits] = useState(false);
  const drop = async () => {
    if (!confirm(`Delete the variable ${variable.name}? Flows that read it get nothing then.`)) return;
    await remove(`variables/${variable.id}`);
    await client.invalidateQueries({ queryKey: KEY });
  };
  return (
    <li>
      <div className="list-row">
        <span className="list-main">
          <strong>{variable.name}</strong> <code>{JSON.stringify(variable.value)}</code>
        </span>
        <span className="list-side faint">
          changed <When time={variable.updated} />
        </span>
        <span className="list-side">
          <button type="button" className="quiet" onClick={() => setEdits(!edits)}>
            Edit <span className="away">{variable.name}</span>
          </button>
          <button type="button" className="quiet" onClick={() => void drop()}>
            Delete <span className="away">{variable.name}</span>
          </button>
        </span>
      </div>
      {edits ? <Editor variable={variable} onDone={() => setEdits(false)} /> : null}
    </li>
  );
}

export function Variables() {
  useTitle("Variables");
  useFresh(["variables"], KEY);
  const [adds, setAdds] = useState(false);
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) =>
      post<Variable[]>("variables/filter", { sort: "NAME_ASC", limit: 200 }, signal),
  });
  return (
    <section className="page">
      <header className="page-head">
        <h1>Variables</h1>
        <button type="button" onClick={() => setAdds(!adds)}>
          New variable
        </button>
      </header>
      {adds ? <Editor variable={undefined} onDone={() => setAdds(false)} /> : null}
      {error ? <Trouble error={error} /> : null}
      {!data && !error ? <Loading /> : null}
      {data?.length === 0 && !adds ? (
        <Empty title="There are no variables yet." command="fermata variable set greeting '&quot;hello&quot;'">
          <p>Flows read variables by name: settings that change without a new version.</p>
        </Empty>
      ) : null}
      <ul className="list" aria-label="Variables">
        {data?.map((variable) => (
          <Row key={variable.id} variable={variable} />
        ))}
      </ul>
    </section>
  );
}
