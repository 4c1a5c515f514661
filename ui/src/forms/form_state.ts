// What a form knows of the person: an error is told once they have been in its field, or have sent.
import { ariaDescribedByIds } from "@rjsf/utils";
import { useEffect } from "react";

interface Registry {
  formContext: unknown;
}

export interface FormState {
  touched: ReadonlySet<string>;
  sent: boolean;
  unread: Set<string>;
}

export function isTold(registry: Registry, id: string): boolean {
  const { touched, sent } = registry.formContext as FormState;
  return sent || touched.has(id);
}

interface Control {
  id: string;
  registry: Registry;
  required?: boolean;
  rawErrors?: string[];
}

/** What a control says of itself to those who listen; the style goes by it, too. */
export const controlState = ({ id, registry, required, rawErrors = [] }: Control) => ({
  "aria-required": required,
  "aria-invalid": rawErrors.length > 0 && isTold(registry, id),
  "aria-describedby": ariaDescribedByIds(id),
});

/** The field's text cannot be read as a value: until it can, the answer is not what one sees. */
export function useUnread(registry: Registry, id: string, isUnread: boolean) {
  const { unread } = registry.formContext as FormState;
  useEffect(() => {
    if (!isUnread) return;
    unread.add(id);
    return () => void unread.delete(id);
  }, [unread, id, isUnread]);
}

/** Goes to the first field whose text cannot be read; whether there is one. */
export function focusUnread(unread: ReadonlySet<string>): boolean {
  const controls = document.querySelectorAll<HTMLElement>("form.form :is(input, textarea)");
  [...controls].find(({ id }) => unread.has(id))?.focus();
  return unread.size > 0;
}
