// The answer as JSON, for what a form cannot say.
import type { ReactNode } from "react";
import type { JsonObject, Problem } from "../api/types";
import { jsonText } from "../lib/json";
import { readObject } from "./entry";
import { problemsOf } from "./validator";

interface JsonFormProps {
  schema: JsonObject;
  text: string;
  problems: readonly Problem[];
  disabled: boolean;
  onChange: (text: string) => void;
  onSend: (value: JsonObject) => void;
  children: ReactNode;
}

export function JsonForm(props: JsonFormProps) {
  const { text } = props;
  const read = readObject(text);
  const found = "value" in read ? problemsOf(props.schema, read.value) : [];
  const problems = "value" in read ? [...found, ...props.problems] : [];
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if ("value" in read && found.length === 0) props.onSend(read.value);
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
          onChange={(event) => props.onChange(event.target.value)}
        />
        <ul className="errors" id="json-errors" role="alert">
          {"error" in read ? <li>{read.error}</li> : null}
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
