// Makes or changes one variable, checked while one types.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ApiError, get, patch, post } from "../../api/http";
import { useFresh } from "../../api/queries";
import type { Json, Variable } from "../../api/types";
import { NotDone } from "../../components/trouble";
import { jsonText, parseJson } from "../../lib/json";

const MOST_BYTES = 5000; // of a value, as the server says too

/** The value of what was typed, or why it is none. */
export function readValue(text: string): { value: Json } | { error: string } {
  try {
    const value = parseJson(text);
    const bytes = new TextEncoder().encode(jsonText(value)).length;
    if (bytes > MOST_BYTES)
      return { error: `${bytes.toLocaleString()} bytes; at the most ${MOST_BYTES} are kept` };
    return { value };
  } catch (error) {
    return { error: `Not JSON: ${(error as Error).message}. A text stands between quotes.` };
  }
}

const nameError = (name: string): string =>
  /^[a-z0-9_-]*$/.test(name) ? "" : "lower-case letters, digits, dashes and underscores only";

/** What others do meanwhile to the one that is being edited; undefined: they have deleted it. */
function useCurrent(variable: Variable | undefined): Variable | undefined {
  const key = ["variable", variable?.id];
  useFresh(variable ? ["variables"] : [], key);
  const { data, error } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => get<Variable>(`variables/${variable?.id}`, signal),
    enabled: variable !== undefined,
    gcTime: 0, // who begins anew begins with the list's
  });
  const isGone = error instanceof ApiError && error.status === 404;
  return isGone ? undefined : (data ?? variable);
}

function Meanwhile(props: { begun: Variable; current: Variable | undefined }) {
  const { begun, current } = props;
  if (current?.updated === begun.updated) return null;
  return (
    <p className="notice" role="status">
      {current ? (
        <>
          Somebody has changed it meanwhile, to <code>{jsonText(current.value)}</code>. Saving puts
          yours in its place.
        </>
      ) : (
        "Somebody has deleted it meanwhile. Saving makes it anew."
      )}
    </p>
  );
}

interface EditorProps {
  variable: Variable | undefined; // undefined: a new one
  onDone: () => void;
}

export function Editor({ variable, onDone }: EditorProps) {
  const client = useQueryClient();
  const id = useId();
  const [begun] = useState(variable); // as it was when one began to change it
  const current = useCurrent(variable);
  const [name, setName] = useState(variable?.name ?? "");
  const [text, setText] = useState(variable ? jsonText(variable.value, 2) : '""');
  const [error, setError] = useState<Error>();
  const [isSaving, setSaving] = useState(false);
  const read = readValue(text);
  const badName = nameError(name);
  const badValue = "error" in read ? read.error : "";

  const save = async () => {
    if (!("value" in read)) return;
    setSaving(true);
    setError(undefined);
    try {
      const body = { name, value: read.value };
      await (current ? patch(`variables/${current.id}`, body) : post("variables/", body));
      await client.invalidateQueries({ queryKey: ["variables"] });
      onDone();
    } catch (problem) {
      setError(problem as Error);
      setSaving(false);
    }
  };

  return (
    <form
      className="editor"
      aria-label={variable ? `Change ${variable.name}` : "New variable"}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {begun ? <Meanwhile begun={begun} current={current} /> : null}
      <label>
        Name
        <input
          type="text"
          required
          maxLength={255}
          autoFocus={!variable}
          value={name}
          aria-invalid={badName !== ""}
          aria-describedby={`${id}-name`}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <p className="errors" id={`${id}-name`} aria-live="polite">
        {badName}
      </p>
      <label>
        Value, as JSON
        <textarea
          className="json"
          rows={Math.min(16, text.split("\n").length + 1)}
          spellCheck={false}
          autoFocus={!!variable}
          value={text}
          aria-invalid={badValue !== ""}
          aria-describedby={`${id}-value`}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <p className="errors" id={`${id}-value`} aria-live="polite">
        {badValue}
      </p>
      {error ? <NotDone error={error} /> : null}
      <p className="editor-buttons">
        <button
          type="submit"
          className="main"
          disabled={isSaving || badName !== "" || badValue !== ""}
        >
          Save
        </button>
        <button type="button" onClick={onDone}>
          Leave it
        </button>
      </p>
    </form>
  );
}
