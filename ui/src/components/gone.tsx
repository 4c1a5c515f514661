// What the address is about is not there, or not any more; the children say where to look instead.
import type { ReactNode } from "react";

export function Gone({ what, children }: { what: string; children: ReactNode }) {
  return (
    <section className="page narrow">
      <h1>This {what} is not there.</h1>
      <p>{children}</p>
    </section>
  );
}
