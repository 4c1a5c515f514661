// The controls of a form: choices as buttons where they are few, files as base64.
import { ariaDescribedByIds, type RegistryWidgetsType, type WidgetProps } from "@rjsf/utils";
import { useState } from "react";
import { controlState } from "./form_state";
import { jsonText } from "../lib/json";

const FEW = 5; // choices that are buttons; more are a list to choose from

const isSame = (a: unknown, b: unknown) => jsonText(a) === jsonText(b);

function Choices(props: WidgetProps) {
  const { id, value, required, disabled, readonly, onChange, onBlur, options } = props;
  const choices = options.enumOptions ?? [];
  return (
    <div
      className="choices"
      role="radiogroup"
      id={id}
      aria-label={props.label}
      {...controlState(props)}
    >
      {choices.map((choice, index) => (
        <label key={jsonText(choice.value)} className="choice">
          <input
            type="radio"
            name={id}
            id={`${id}-${index}`}
            checked={isSame(choice.value, value)}
            disabled={disabled || readonly}
            onChange={() => onChange(choice.value)}
            onBlur={() => onBlur(id, value)}
            aria-describedby={ariaDescribedByIds(id)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
      {!required && value !== undefined && props.schema.default === undefined ? (
        <button type="button" className="quiet" onClick={() => onChange(undefined)}>
          Leave empty
        </button>
      ) : null}
    </div>
  );
}

function List(props: WidgetProps) {
  const { id, value, required, disabled, readonly, onChange, onBlur, options } = props;
  const choices = options.enumOptions ?? [];
  const chosen = choices.findIndex((choice) => isSame(choice.value, value));
  return (
    <select
      id={id}
      value={chosen}
      disabled={disabled || readonly}
      onChange={(event) => onChange(choices[Number(event.target.value)]?.value)}
      onBlur={() => onBlur(id, value)}
      {...controlState(props)}
    >
      {!required || chosen < 0 ? <option value={-1}>{required ? "Choose…" : "–"}</option> : null}
      {choices.map((choice, index) => (
        <option key={jsonText(choice.value)} value={index}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

function Several(props: WidgetProps) {
  const { id, value, disabled, readonly, onChange, options } = props;
  const chosen: unknown[] = Array.isArray(value) ? value : [];
  return (
    <div className="choices" role="group" id={id} aria-label={props.label}>
      {(options.enumOptions ?? []).map((choice, index) => {
        const isChosen = chosen.some((item) => isSame(item, choice.value));
        return (
          <label key={jsonText(choice.value)} className="choice">
            <input
              type="checkbox"
              id={`${id}-${index}`}
              checked={isChosen}
              disabled={disabled || readonly}
              onChange={() =>
                onChange(
                  isChosen
                    ? chosen.filter((item) => !isSame(item, choice.value))
                    : [...chosen, choice.value],
                )
              }
            />
            <span>{choice.label}</span>
          </label>
        );
      })}
    </div>
  );
}

function Select(props: WidgetProps) {
  if (props.multiple) return <Several {...props} />;
  const few = (props.options.enumOptions?.length ?? 0) <= FEW;
  return few ? <Choices {...props} /> : <List {...props} />;
}

function Checkbox(props: WidgetProps) {
  const { id, value, label, disabled, readonly, onChange, onBlur } = props;
  return (
    <label className="check">
      <input
        type="checkbox"
        id={id}
        checked={value === true}
        disabled={disabled || readonly}
        onChange={(event) => onChange(event.target.checked)}
        onBlur={() => onBlur(id, value)}
        aria-describedby={ariaDescribedByIds(id)}
      />
      {label}
    </label>
  );
}

/** The bytes of a file, as base64. */
export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const PART = 0x8000; // as many arguments as a call takes everywhere
  let text = "";
  for (let at = 0; at < bytes.length; at += PART)
    text += String.fromCharCode(...bytes.subarray(at, at + PART));
  return btoa(text);
}

function File(props: WidgetProps) {
  const { id, value, disabled, readonly, onChange, onBlur } = props;
  const [name, setName] = useState("");
  return (
    <div className="file">
      <input
        type="file"
        id={id}
        disabled={disabled || readonly}
        onBlur={() => onBlur(id, value)}
        {...controlState(props)}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (!file) return;
          setName(file.name);
          void base64Of(file).then(onChange);
        }}
      />
      {typeof value === "string" && value ? (
        <span className="faint">
          {name} {Math.floor((value.length * 3) / 4).toLocaleString()} bytes
        </span>
      ) : null}
    </div>
  );
}

/** A time of the day without an offset, as the server takes it. */
function Time(props: WidgetProps) {
  const { id, value, disabled, readonly, onChange, onBlur } = props;
  return (
    <input
      type="time"
      step="any"
      id={id}
      value={typeof value === "string" ? value : ""}
      disabled={disabled || readonly}
      onChange={(event) => onChange(event.target.value || undefined)}
      onBlur={() => onBlur(id, value)}
      {...controlState(props)}
    />
  );
}

const MANY = 200; // characters: longer texts get room for several lines

function Text(props: WidgetProps) {
  const { BaseInputTemplate } = props.registry.templates;
  const isLong = props.schema.type === "string" && (props.schema.maxLength ?? 0) > MANY;
  if (!isLong) return <BaseInputTemplate {...props} />;
  const { id, value, disabled, readonly, onChange, onBlur } = props;
  return (
    <textarea
      id={id}
      value={typeof value === "string" ? value : ""}
      disabled={disabled || readonly}
      {...controlState(props)}
      onChange={(event) => onChange(event.target.value || undefined)}
      onBlur={() => onBlur(id, value)}
    />
  );
}

function Password(props: WidgetProps) {
  const { BaseInputTemplate } = props.registry.templates;
  return <BaseInputTemplate {...props} type="password" />;
}

export const widgets: RegistryWidgetsType = {
  TextWidget: Text,
  SelectWidget: Select,
  RadioWidget: Select,
  CheckboxesWidget: Several,
  CheckboxWidget: Checkbox,
  // By the format of a text.
  base64: File,
  base64url: File,
  binary: File,
  password: Password,
  time: Time,
};
