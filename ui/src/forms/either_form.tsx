// A form of fields or of JSON, whichever somebody prefers, or the only one that there can be.
import { type ReactNode, useMemo } from "react";
import type { JsonObject, Problem } from "../api/types";
import type { Entry } from "./entry";
import { JsonForm } from "./json_form";
import { answerOf, enteredOf } from "./optional";
import { SchemaForm } from "./schema_form";

interface EitherFormProps {
  schema: JsonObject;
  entry: Entry;
  /** What is done with it: "Answer". */
  verb: string;
  problems: readonly Problem[];
  disabled: boolean;
  onSend: (value: JsonObject) => void;
  /** The button that sends it, and what stands with it. */
  children: ReactNode;
}

export function EitherForm({ entry, verb, children, ...props }: EitherFormProps) {
  const { schema, onSend } = props;
  const { value } = entry;
  const entered = useMemo(() => enteredOf(schema, value) as JsonObject, [schema, value]);
  return (
    <>
      {entry.asJson ? (
        <JsonForm {...props} text={entry.text} onChange={entry.write}>
          {children}
        </JsonForm>
      ) : (
        <SchemaForm
          {...props}
          value={entered}
          unread={entry.unread}
          onChange={entry.change}
          onSend={(typed) => onSend(answerOf(schema, typed) as JsonObject)}
        >
          {children}
        </SchemaForm>
      )}
      {entry.noForm ? (
        <p className="faint">There is no form for this: {entry.noForm}</p>
      ) : (
        <p className="form-below">
          <button type="button" className="quiet" onClick={entry.turn}>
            {entry.asJson ? `${verb} with the form` : `${verb} with JSON`}
          </button>
        </p>
      )}
    </>
  );
}
