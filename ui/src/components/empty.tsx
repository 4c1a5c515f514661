// Nothing is there: what that means, and the next step with a command to copy.
import type { ReactNode } from "react";
import { Command } from "./command";

export function Empty(props: { title: string; children?: ReactNode; command?: string }) {
  return (
    <div className="empty">
      <h2>{props.title}</h2>
      {props.children}
      {props.command ? <Command text={props.command} /> : null}
    </div>
  );
}
