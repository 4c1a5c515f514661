// A line to send a run something oneself.
import { type KeyboardEvent, useId, useState } from "react";
import { usePostOnce } from "../../api/once";
import { NotDone } from "../../components/trouble";
import { newId } from "../../lib/id";
import { type Kind, ownKind, plainKinds, stored, TEXT } from "./kinds";

const OTHER = "other";

function KindField(props: {
  kinds: readonly Kind[];
  choice: string;
  own: string;
  onChoice: (choice: string) => void;
  onOwn: (own: string) => void;
}) {
  return (
    <>
      <label>
        Type
        <select value={props.choice} onChange={(event) => props.onChoice(event.target.value)}>
          {props.kinds.map(({ prefix, label }) => (
            <option key={prefix} value={prefix}>
              {label}
            </option>
          ))}
          <option value={OTHER}>Another type…</option>
        </select>
      </label>
      {props.choice === OTHER ? (
        <label>
          Its key begins with
          <input
            type="text"
            required
            pattern="[A-Za-z0-9._\-]+"
            title="letters, digits, dots, dashes and underscores"
            placeholder="order-auto"
            value={props.own}
            onChange={(event) => props.onOwn(event.target.value)}
          />
        </label>
      ) : null}
    </>
  );
}

export function Say({ runId, heard }: { runId: string; heard: readonly Kind[] }) {
  const kinds = [...plainKinds, ...heard];
  const [choice, setChoice] = useState(heard.at(-1)?.prefix ?? TEXT.prefix);
  const [own, setOwn] = useState("");
  const [text, setText] = useState("");
  const [id, setId] = useState(newId); // of the message: that of another text is another
  const postOnce = usePostOnce();
  const [isSending, setSending] = useState(false);
  const [trouble, setTrouble] = useState<Error>();
  const errorId = useId();
  const kind = kinds.find(({ prefix }) => prefix === choice) ?? ownKind(own);
  const ready = stored(kind, text);
  const error = "error" in ready && text !== "" ? ready.error : "";

  const write = (typed: string) => {
    setText(typed);
    setId(newId());
  };
  const send = async () => {
    if (!("value" in ready)) return;
    setSending(true);
    setTrouble(undefined);
    try {
      const key = `${kind.prefix}-${id}`;
      await postOnce(`flow_runs/${runId}/input`, { key, value: ready.value });
      write("");
    } catch (problem) {
      setTrouble(problem as Error);
    }
    setSending(false);
  };
  const sendOnEnter = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  };

  return (
    <form
      className="say"
      aria-label="Send input"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <KindField kinds={kinds} choice={choice} own={own} onChoice={setChoice} onOwn={setOwn} />
      <label className="say-what">
        {kind === TEXT ? "Message" : "Message, as JSON"}
        <textarea
          rows={Math.min(8, text.split("\n").length)}
          className={kind === TEXT ? undefined : "json"}
          spellCheck={kind === TEXT}
          value={text}
          aria-invalid={error !== ""}
          aria-describedby={errorId}
          onKeyDown={sendOnEnter}
          onChange={(event) => write(event.target.value)}
        />
      </label>
      <button type="submit" className="main" disabled={isSending || "error" in ready}>
        {isSending ? "Sending…" : "Send"}
      </button>
      <p id={errorId} className={error ? "say-note errors" : "say-note faint"} aria-live="polite">
        {error || "Enter sends it, Shift+Enter begins a new line. No flow can reply to you here."}
      </p>
      {trouble ? <NotDone error={trouble} /> : null}
    </form>
  );
}
