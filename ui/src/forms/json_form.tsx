// The answer as JSON, for what a form cannot say.
import { type ReactNode, useState } from "react";
import type { Json, JsonObject, Problem } from "../api/types";
import { jsonText, parseJson } from "../lib/json";
import { problemsOf } from "./validator";

interface JsonFormProps {
  schema: JsonObject;
  value: Json;
  problems: readonly Problem[];
  disabled: boolean;
  onChange: (value: JsonObject) => void;
  onSend: (value: JsonObject) => void;
  children: ReactNode;
}

function parse(text: string): { value?: JsonObject; error?: string } {
  try {
    const value: unknown = parseJson(text);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { error: "The answer is an object: { … }" };
    return { value: value as JsonObject };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

export function JsonForm(props: JsonFormProps) {
  const [text, setText] = useState(() => jsonText(props.value, 2));
  const { value, error } = parse(text);
  const problems = value ? [...problemsOf(props.schema, value), ...props.problems] : [];
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (value && problemsOf(props.schema, value).length === 0) props.onSend(value);
      }}
    >
      <div className="field">
        <label htmlFor="json" className="label">
          Answer as JSON
        </label>
        <textarea
          id="json"
          className="json"
          rows={Math.min(24, Math.max(8, text.split("\n").length + 1))}
          spellCheck={false}
          value={text}
          disabled={props.disabled}
          aria-describedby="json-errors"
          onChange={(event) => {
            setText(event.target.value);
            const { value: typed } = parse(event.target.value);
            if (typed) props.onChange(typed);
          }}
        />
        <ul className="errors" id="json-errors" role="alert">
          {error ? <li>{error}</li> : null}
          {problems.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path ? <code>{path}</code> : "The answer"} {message}
            </li>
          ))}
        </ul>
        <details>
          <summary>What is asked, as a JSON Schema</summary>
          <pre className="json">{jsonText(props.schema, 2)}</pre>
        </details>
      </div>
      {props.children}
    </form>
  );
}
