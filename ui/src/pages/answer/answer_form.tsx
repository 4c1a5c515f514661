// The form of an input request, as fields or as JSON, with the button that sends it.
import { useMemo, useState } from "react";
import type { InputRequest, Json, JsonObject, Problem } from "../../api/types";
import { EitherForm } from "../../forms/either_form";
import { useEntry } from "../../forms/entry";
import { whyNoForm } from "../../forms/limits";
import { asksForSecret } from "../../forms/parts";
import { parsePath, valueAt } from "../../forms/paths";
import { jsonText } from "../../lib/json";
import { useStored } from "../../lib/stored";

/** What came back for the answer that was sent last. */
export interface Outcome {
  problems: Problem[];
  message?: string;
  /** The answer as it was sent. */
  value?: Json;
}

/** Those problems whose value is still what was sent. */
const stillThere = ({ problems, value: sent }: Outcome, value: Json) =>
  problems.filter(({ path }) => {
    const parts = parsePath(path);
    return jsonText(valueAt(sent, parts)) === jsonText(valueAt(value, parts));
  });

interface AnswerFormProps {
  request: InputRequest;
  outcome: Outcome;
  onSend: (value: JsonObject | undefined, by: string) => Promise<void>;
}

function Send(props: { text: string; sending: boolean; by: string; onBy: (by: string) => void }) {
  return (
    <div className="send">
      <label>
        Your name
        <input
          type="text"
          autoComplete="name"
          placeholder="so that others know who answered"
          value={props.by}
          onChange={(event) => props.onBy(event.target.value)}
        />
      </label>
      <button type="submit" className="main" disabled={props.sending}>
        {props.sending ? "Sending…" : props.text}
      </button>
    </div>
  );
}

function Refused({ outcome }: { outcome: Outcome }) {
  if (!outcome.message) return null;
  const general = outcome.problems.filter((problem) => problem.path === "");
  return (
    <div className="notice notice-bad" role="alert">
      <strong>Not taken.</strong> {outcome.message}
      {general.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}

export function AnswerForm({ request, outcome, onSend }: AnswerFormProps) {
  const { schema } = request;
  const noForm = useMemo(() => (schema ? whyNoForm(schema) : undefined), [schema]);
  const draft = useMemo(
    () => (schema && asksForSecret(schema) ? undefined : request.id),
    [schema, request.id],
  );
  const entry = useEntry(request.defaults, noForm, draft);
  const [by, setBy] = useStored("fermata.name", "");
  const [sending, setSending] = useState(false);
  const problems = useMemo(() => stillThere(outcome, entry.value), [outcome, entry.value]);

  const send = async (answer: JsonObject | undefined) => {
    setSending(true);
    await onSend(answer, by.trim());
    setSending(false);
  };
  const button = (text: string) => (
    <>
      <Refused outcome={outcome} />
      <Send text={text} sending={sending} by={by} onBy={setBy} />
    </>
  );

  if (request.wants_input && !schema)
    return (
      <p className="notice" role="status">
        The run has not told yet what it asks. The form comes by itself.
      </p>
    );
  if (!schema)
    return (
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send(undefined);
        }}
      >
        {button("Go on")}
      </form>
    );
  return (
    <EitherForm
      schema={schema}
      entry={entry}
      verb="Answer"
      problems={problems}
      disabled={sending}
      onSend={(answer) => void send(answer)}
    >
      {button("Answer")}
    </EitherForm>
  );
}
