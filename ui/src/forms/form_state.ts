// What a form knows of the person: an error is told once they have been in its field, or have sent.

export interface FormState {
  touched: ReadonlySet<string>;
  sent: boolean;
}

export function isTold(registry: { formContext: unknown }, id: string): boolean {
  const { touched, sent } = registry.formContext as FormState;
  return sent || touched.has(id);
}
