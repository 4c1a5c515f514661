// A form made from a JSON Schema.
import Form, { type IChangeEvent } from "@rjsf/core/lib/components/Form.js";
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { type ReactNode, useMemo, useState } from "react";
import type { Json, JsonObject, Problem } from "../api/types";
import { formSchema } from "./optional";
import { errorSchema } from "./paths";
import { type FormState, templates } from "./templates";
import { validator } from "./validator";
import { widgetOfFormat, widgets } from "./widgets";

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const MANY = 200; // characters: longer texts get room for several lines

/** Which control a field gets where its type alone does not say. */
function controls(schema: Json | undefined, depth = 0): UiSchema {
  if (!isObject(schema) || depth > 12) return {};
  const ui: UiSchema = {};
  const widget = typeof schema.format === "string" ? widgetOfFormat[schema.format] : undefined;
  if (widget) ui["ui:widget"] = widget;
  else if (schema.type === "string" && !schema.enum && Number(schema.maxLength ?? 0) > MANY)
    ui["ui:widget"] = "textarea";
  if (isObject(schema.properties))
    for (const [name, property] of Object.entries(schema.properties))
      ui[name] = controls(property, depth + 1);
  if (isObject(schema.items)) ui.items = controls(schema.items, depth + 1);
  return ui;
}

export interface SchemaFormProps {
  schema: JsonObject;
  value: JsonObject;
  /** What the flow or the server has refused, beside what the schema says. */
  problems: readonly Problem[];
  disabled: boolean;
  onChange: (value: JsonObject) => void;
  onSend: (value: JsonObject) => void;
  children: ReactNode;
}

const noProblems: readonly Problem[] = [];

export function SchemaForm(props: SchemaFormProps) {
  const schema = useMemo(() => formSchema(props.schema) as RJSFSchema, [props.schema]);
  const ui = useMemo(
    () => ({ ...controls(schema as Json), "ui:submitButtonOptions": { norender: true } }),
    [schema],
  );
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [sent, setSent] = useState(false);
  const extra = useMemo(() => errorSchema(props.problems ?? noProblems), [props.problems]);
  const context: FormState = { touched, sent };
  const touch = (id: string | undefined) => {
    if (id && !touched.has(id)) setTouched(new Set([...touched, id]));
  };

  return (
    <Form
      className="form"
      schema={schema}
      uiSchema={ui}
      validator={validator}
      templates={templates as object}
      widgets={widgets}
      formData={props.value}
      formContext={context}
      extraErrors={extra}
      liveValidate="onChange"
      noHtml5Validate
      showErrorList={false}
      focusOnFirstError
      disabled={props.disabled}
      onBlur={touch}
      onChange={(event: IChangeEvent, id?: string) => {
        touch(id);
        props.onChange((event.formData ?? {}) as JsonObject);
      }}
      onError={() => setSent(true)}
      onSubmit={(event: IChangeEvent) => {
        setSent(true);
        props.onSend((event.formData ?? {}) as JsonObject);
      }}
    >
      {props.children}
    </Form>
  );
}
