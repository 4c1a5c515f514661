// How the parts of a form are laid out.
import {
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  buttonId,
  canExpand,
  descriptionId,
  errorId,
  type FieldErrorProps,
  type FieldTemplateProps,
  type IconButtonProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  type TemplatesType,
  type WrapIfAdditionalTemplateProps,
} from "@rjsf/utils";

/** What the form knows of the person: which fields they have been in, and whether they have sent. */
export interface FormState {
  touched: ReadonlySet<string>;
  sent: boolean;
}

const stateOf = (registry: { formContext: unknown }) => registry.formContext as FormState;

function Mark({ required }: { required: boolean | undefined }) {
  return required ? (
    <span className="needed" title="needs an answer">
      *
    </span>
  ) : null;
}

const isGroup = (type: unknown) => type === "object" || type === "array";

function Field(props: FieldTemplateProps) {
  const { id, label, required, displayLabel, rawDescription, children, errors, schema } = props;
  if (props.hidden) return <div hidden>{children}</div>;
  const isCheckbox = schema.type === "boolean";
  const wrapped = (
    <div className={isGroup(schema.type) ? "field group" : "field"}>
      {displayLabel && !isCheckbox ? (
        <label htmlFor={id} id={`${id}__label`} className="label">
          {label} <Mark required={required} />
        </label>
      ) : null}
      {rawDescription && !isGroup(schema.type) ? (
        <p className="help" id={descriptionId(id)}>
          {rawDescription}
        </p>
      ) : null}
      {children}
      {errors}
    </div>
  );
  const Wrap = props.registry.templates.WrapIfAdditionalTemplate;
  return <Wrap {...props}>{wrapped}</Wrap>;
}

function FieldErrors({ errors = [], fieldPathId, registry }: FieldErrorProps) {
  const { touched, sent } = stateOf(registry);
  if (errors.length === 0 || !(sent || touched.has(fieldPathId.$id))) return null;
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
          {props.title} <Mark required={props.required} />
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
    </fieldset>
  );
}

function ArrayField(props: ArrayFieldTemplateProps) {
  const { AddButton } = props.registry.templates.ButtonTemplates;
  return (
    <fieldset id={props.fieldPathId.$id} className="fields list">
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

const button =
  (text: string, name: string) =>
  // eslint-disable-next-line react/display-name
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
  FieldTemplate: Field,
  FieldErrorTemplate: FieldErrors,
  ObjectFieldTemplate: ObjectField,
  ArrayFieldTemplate: ArrayField,
  ArrayFieldItemTemplate: ArrayItem,
  MultiSchemaFieldTemplate: Union,
  WrapIfAdditionalTemplate: WrapIfAdditional,
  ButtonTemplates: {
    AddButton: button("Add", "Add one"),
    RemoveButton: button("✕", "Remove"),
    MoveUpButton: button("↑", "Move up"),
    MoveDownButton: button("↓", "Move down"),
    CopyButton: button("Copy", "Copy"),
  },
};
