// Runs a deployment now, with parameters from a form of its schema.
import { useState } from "react";
import { useLocation } from "wouter";
import "../../styles/form.css";
import { ApiError, post } from "../../api/http";
import type { Deployment, FlowRun, JsonObject, Problem } from "../../api/types";
import { JsonForm } from "../../forms/json_form";
import { whyNoForm } from "../../forms/limits";
import { answerOf } from "../../forms/optional";
import { SchemaForm } from "../../forms/schema_form";

const anything: JsonObject = { type: "object" };

interface Trouble {
  message: string;
  problems: Problem[];
}

export function RunForm({ deployment }: { deployment: Deployment }) {
  const [, go] = useLocation();
  const schema = deployment.parameter_openapi_schema ?? anything;
  const isForm = whyNoForm(schema) === undefined && schema.properties !== undefined;
  const [asJson, setAsJson] = useState(!isForm);
  const [value, setValue] = useState<JsonObject>(deployment.parameters);
  const [trouble, setTrouble] = useState<Trouble>();
  const [sending, setSending] = useState(false);

  const run = async (parameters: JsonObject) => {
    setSending(true);
    setTrouble(undefined);
    try {
      const body = { parameters };
      const made = await post<FlowRun>(`deployments/${deployment.id}/create_flow_run`, body);
      go(`/runs/flow-run/${made.id}`);
    } catch (error) {
      const problems = error instanceof ApiError ? error.problems : [];
      setTrouble({ message: (error as Error).message, problems });
      setSending(false);
    }
  };
  const parts = {
    schema,
    value,
    problems: trouble?.problems ?? [],
    disabled: sending,
    onChange: setValue,
  };
  const end = (
    <>
      {trouble ? (
        <div className="notice notice-bad" role="alert">
          {trouble.message}
        </div>
      ) : null}
      <button type="submit" className="main" disabled={sending}>
        {sending ? "Starting…" : "Run now"}
      </button>
      {isForm ? (
        <button type="button" className="quiet" onClick={() => setAsJson(!asJson)}>
          {asJson ? "As a form" : "As JSON"}
        </button>
      ) : null}
    </>
  );
  return asJson ? (
    <JsonForm {...parts} onSend={(parameters) => void run(parameters)}>
      {end}
    </JsonForm>
  ) : (
    <SchemaForm
      {...parts}
      onSend={(parameters) => void run(answerOf(schema, parameters) as JsonObject)}
    >
      {end}
    </SchemaForm>
  );
}
