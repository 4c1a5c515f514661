// Runs a deployment now, with parameters from a form of its schema.
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import "../../styles/form.css";
import { ApiError } from "../../api/http";
import { usePostOnce } from "../../api/once";
import type { Deployment, FlowRun, JsonObject, Problem } from "../../api/types";
import { EitherForm } from "../../forms/either_form";
import { useEntry } from "../../forms/entry";
import { whyNoForm } from "../../forms/limits";

const anything: JsonObject = { type: "object" };
const noProblems: readonly Problem[] = [];

const whyNot = (schema: JsonObject) =>
  schema.properties ? whyNoForm(schema) : "The flow does not tell what it takes.";

interface Trouble {
  message: string;
  problems: Problem[];
}

export function RunForm({ deployment }: { deployment: Deployment }) {
  const [, go] = useLocation();
  const schema = deployment.parameter_openapi_schema ?? anything;
  const noForm = useMemo(() => whyNot(schema), [schema]);
  const entry = useEntry(deployment.parameters, noForm);
  const [trouble, setTrouble] = useState<Trouble>();
  const [sending, setSending] = useState(false);
  const postOnce = usePostOnce();

  const run = async (parameters: JsonObject) => {
    setSending(true);
    setTrouble(undefined);
    try {
      const body = { parameters };
      const made = await postOnce<FlowRun>(`deployments/${deployment.id}/create_flow_run`, body);
      go(`/runs/flow-run/${made.id}`);
    } catch (error) {
      const problems = error instanceof ApiError ? error.problems : [];
      setTrouble({ message: (error as Error).message, problems });
      setSending(false);
    }
  };
  return (
    <EitherForm
      schema={schema}
      entry={entry}
      verb="Run"
      problems={trouble?.problems ?? noProblems}
      disabled={sending}
      onSend={(parameters) => void run(parameters)}
    >
      {trouble ? (
        <div className="notice notice-bad" role="alert">
          {trouble.message}
        </div>
      ) : null}
      <button type="submit" className="main" disabled={sending}>
        {sending ? "Starting…" : "Run now"}
      </button>
    </EitherForm>
  );
}
