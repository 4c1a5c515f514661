import { useState } from "react";

const SHOWN = 2000; // ms that it says how it went

/** Over plain HTTP from another machine browsers have no clipboard for scripts, but copy what is selected. */
function copySelected(text: string) {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.className = "unseen";
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  if (!copied) throw new Error("not copied");
}

async function copyText(text: string) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copySelected(text);
}

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
      await copyText(await props.read());
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
