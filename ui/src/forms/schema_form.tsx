// A form made from a JSON Schema.
import Form, { type IChangeEvent } from "@rjsf/core/lib/components/Form.js";
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { type ReactNode, useMemo, useState } from "react";
import type { JsonObject, Problem } from "../api/types";
import { fields } from "./fields";
import { type FormState, focusUnread } from "./form_state";
import { formSchema } from "./optional";
import { errorSchema } from "./paths";
import { templates } from "./templates";
import { validator } from "./validator";
import { widgets } from "./widgets";

// Set once: the library takes a new object for a change of the whole form.
const ui = {
  "ui:submitButtonOptions": { norender: true },
  // An object that may be missing is shown once somebody wants to fill it in; all but the whole.
  "ui:globalOptions": { enableOptionalDataFieldForType: ["object"] },
  "ui:options": { enableOptionalDataFieldForType: [] },
} as UiSchema;
// A schema can ask for more items than anybody wants to see.
const filling = { arrayMinItems: { populate: "never" } } as const;

export interface SchemaFormProps {
  schema: JsonObject;
  value: JsonObject;
  /** What the flow or the server has refused, beside what the schema says. */
  problems: readonly Problem[];
  disabled: boolean;
  /** The fields whose text cannot be read, which they tell themselves. */
  unread: Set<string>;
  onChange: (value: JsonObject) => void;
  onSend: (value: JsonObject) => void;
  children: ReactNode;
}

export function SchemaForm(props: SchemaFormProps) {
  const schema = useMemo(() => formSchema(props.schema) as RJSFSchema, [props.schema]);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [sent, setSent] = useState(false);
  const extra = useMemo(() => errorSchema(props.problems), [props.problems]);
  const context: FormState = { touched, sent, unread: props.unread };
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
      fields={fields}
      experimental_defaultFormStateBehavior={filling}
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
        if (!focusUnread(props.unread)) props.onSend((event.formData ?? {}) as JsonObject);
      }}
    >
      {props.children}
    </Form>
  );
}
