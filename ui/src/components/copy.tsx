import { useState } from "react";

const SHOWN = 2000; // ms that it says how it went

/** Copies what `read` gives; says whether it could. */
export function Copy(props: {
  label: string;
  read: () => string | Promise<string>;
  disabled?: boolean;
  title?: string;
}) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(await props.read());
      setSaid("Copied");
    } catch {
      setSaid("The browser allows no copying");
    }
    setTimeout(() => setSaid(""), SHOWN);
  };
  return (
    <button
      type="button"
      className="quiet"
      disabled={props.disabled}
      title={props.title}
      onClick={() => void copy()}
    >
      {said || props.label}
    </button>
  );
}
