// How the parts of a form are laid out.
import {
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  buttonId,
  canExpand,
  type CyclicSchemaExpandProps,
  descriptionId,
  errorId,
  type FieldErrorProps,
  type FieldTemplateProps,
  getSchemaType,
  type IconButtonProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  type OptionalDataControlsTemplateProps,
  type RJSFSchema,
  type TemplatesType,
  type WrapIfAdditionalTemplateProps,
} from "@rjsf/utils";
import type { JsonObject } from "../api/types";
import { numberHint } from "./fields";
import { isTold } from "./form_state";
import { Input } from "./input";
import { PART } from "./optional";

function Mark({ required }: { required: boolean | undefined }) {
  return required ? (
    <span className="needed" title="needs an answer">
      *
    </span>
  ) : null;
}

const isGroup = (type: unknown) => type === "object" || type === "array";

/** What can be but one thing is not asked: it is filled in already. */
const isFixed = (schema: RJSFSchema) => "const" in schema;

/** "Tags-2", as the library calls what is in a list -> "Tags 2". */
const named = (label: string) => label.replace(/-(\d+)$/, " $1");

/** A simple value in a list stands below its list's name: its own is for those who only listen. */
const isListed = ({ fieldPathId, schema }: FieldTemplateProps) =>
  typeof fieldPathId.path.at(-1) === "number" && !isGroup(schema.type);

function Label(props: FieldTemplateProps) {
  const isNamedAbove = isListed(props) || (props.schema as JsonObject)[PART] === true;
  return (
    <label htmlFor={props.id} className={isNamedAbove ? "unseen" : "label"}>
      {named(props.label)} <Mark required={props.required} />
    </label>
  );
}

function Help({ id, text }: { id: string; text: string | undefined }) {
  return text ? (
    <p className="help" id={descriptionId(id)}>
      {text}
    </p>
  ) : null;
}

/** What is wrong with a field: how a number is written, where it is one and cannot be read. */
function Wrong({ id, schema, formData, errors }: FieldTemplateProps) {
  const isNumber = ["number", "integer"].includes(String(getSchemaType(schema)));
  const hint = isNumber ? numberHint(formData) : undefined;
  if (hint === undefined) return errors;
  return (
    <p className="errors" id={errorId(id)} role="alert">
      {hint}
    </p>
  );
}

function Field(props: FieldTemplateProps) {
  const { id, displayLabel, rawDescription, children, schema } = props;
  if (props.hidden || isFixed(schema)) return <div hidden>{children}</div>;
  // These have what is said about them inside, or beside them.
  const isCheckbox = schema.type === "boolean" && !schema.enum;
  const isGrouped = isGroup(schema.type) && !displayLabel;
  const help = isGrouped ? null : <Help id={id} text={rawDescription} />;
  const wrapped = (
    <div className={isGrouped ? "field group" : "field"}>
      {displayLabel && !isCheckbox ? <Label {...props} /> : null}
      {isCheckbox ? null : help}
      {children}
      {isCheckbox ? help : null}
      <Wrong {...props} />
    </div>
  );
  const Wrap = props.registry.templates.WrapIfAdditionalTemplate;
  return <Wrap {...props}>{wrapped}</Wrap>;
}

function FieldErrors({ errors = [], fieldPathId, registry }: FieldErrorProps) {
  if (errors.length === 0 || !isTold(registry, fieldPathId.$id)) return null;
  return (
    <ul className="errors" id={errorId(fieldPathId)} role="alert">
      {[...new Set(errors)].map((error, index) => (
        <li key={index}>{error}</li>
      ))}
    </ul>
  );
}

function Heading(props: { title: string; required?: boolean; description?: unknown }) {
  return (
    <>
      {props.title ? (
        <legend>
          {named(props.title)} <Mark required={props.required} />
        </legend>
      ) : null}
      {typeof props.description === "string" ? <p className="help">{props.description}</p> : null}
    </>
  );
}

const isRoot = (id: string) => id === "root";

function ObjectField(props: ObjectFieldTemplateProps) {
  const { fieldPathId, properties, schema, registry } = props;
  const { AddButton } = registry.templates.ButtonTemplates;
  const fields = (
    <>
      {properties.map((property) => property.content)}
      {canExpand(schema, props.uiSchema, props.formData) ? (
        <AddButton
          id={buttonId(fieldPathId, "add")}
          onClick={props.onAddProperty}
          disabled={props.disabled || props.readonly}
          uiSchema={props.uiSchema}
          registry={registry}
        />
      ) : null}
    </>
  );
  // The title of the whole is that of a type in the program: the page has a better one.
  if (isRoot(fieldPathId.$id))
    return (
      <div className="fields">
        {typeof props.description === "string" ? <p className="help">{props.description}</p> : null}
        {fields}
      </div>
    );
  return (
    <fieldset id={fieldPathId.$id} className="fields">
      <Heading title={props.title} required={props.required} description={props.description} />
      {fields}
      {props.optionalDataControl}
    </fieldset>
  );
}

function ArrayField(props: ArrayFieldTemplateProps) {
  const { AddButton } = props.registry.templates.ButtonTemplates;
  return (
    <fieldset id={props.fieldPathId.$id} className="fields">
      <Heading
        title={props.title}
        required={props.required}
        description={props.schema.description}
      />
      {props.items}
      {props.canAdd ? (
        <AddButton
          id={buttonId(props.fieldPathId, "add")}
          onClick={props.onAddClick}
          disabled={props.disabled || props.readonly}
          uiSchema={props.uiSchema}
          registry={props.registry}
        />
      ) : null}
    </fieldset>
  );
}

function ArrayItem(props: ArrayFieldItemTemplateProps) {
  const { ArrayFieldItemButtonsTemplate: Buttons } = props.registry.templates;
  return (
    <div className="item">
      <div className="item-value">{props.children}</div>
      {props.hasToolbar ? (
        <div className="item-buttons">
          <Buttons {...props.buttonsProps} />
        </div>
      ) : null}
    </div>
  );
}

function Union({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <div className="union">
      {selector}
      {optionSchemaField}
    </div>
  );
}

function WrapIfAdditional(props: WrapIfAdditionalTemplateProps) {
  const { id, label, schema, onKeyRenameBlur, onRemoveProperty, children, registry } = props;
  const { RemoveButton } = registry.templates.ButtonTemplates;
  if (!("__additional_property" in schema)) return children;
  return (
    <div className="item">
      <div className="pair">
        <input
          type="text"
          aria-label="Name"
          id={`${id}-key`}
          defaultValue={label}
          onBlur={onKeyRenameBlur}
        />
        {children}
      </div>
      <div className="item-buttons">
        <RemoveButton
          id={buttonId(id, "remove")}
          onClick={onRemoveProperty}
          disabled={props.disabled || props.readonly}
          uiSchema={props.uiSchema}
          registry={registry}
        />
      </div>
    </div>
  );
}

/** An object that may be left out. */
function Optional({ id, label, onAddClick, onRemoveClick }: OptionalDataControlsTemplateProps) {
  const click = onAddClick ?? onRemoveClick;
  if (!click) return null;
  return (
    <button type="button" id={id} className="quiet" title={label} onClick={click}>
      {onAddClick ? "Fill in" : "Leave empty"}
    </button>
  );
}

/** A part that is of the same kind as what it is in; it goes on for as long as somebody wants. */
function Again({ onExpand, fieldPathId, name }: CyclicSchemaExpandProps) {
  return (
    <div className="field">
      <button type="button" className="quiet" onClick={() => onExpand(fieldPathId.$id)}>
        Fill in {name}
      </button>
    </div>
  );
}

const button =
  (text: string, name: string) =>
  ({ id, onClick, disabled }: IconButtonProps) => (
    <button
      type="button"
      id={id}
      className="quiet"
      onClick={onClick}
      disabled={disabled}
      aria-label={name}
      title={name}
    >
      {text}
    </button>
  );

export const templates: Partial<Omit<TemplatesType, "ButtonTemplates">> & {
  ButtonTemplates: Partial<TemplatesType["ButtonTemplates"]>;
} = {
  BaseInputTemplate: Input,
  CyclicSchemaExpandTemplate: Again,
  FieldTemplate: Field,
  FieldErrorTemplate: FieldErrors,
  ObjectFieldTemplate: ObjectField,
  ArrayFieldTemplate: ArrayField,
  ArrayFieldItemTemplate: ArrayItem,
  MultiSchemaFieldTemplate: Union,
  OptionalDataControlsTemplate: Optional,
  WrapIfAdditionalTemplate: WrapIfAdditional,
  ButtonTemplates: {
    AddButton: button("Add", "Add one"),
    RemoveButton: button("✕", "Remove"),
    MoveUpButton: button("↑", "Move up"),
    MoveDownButton: button("↓", "Move down"),
    CopyButton: button("Copy", "Copy"),
  },
};
