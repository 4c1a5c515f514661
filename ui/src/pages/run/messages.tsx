// The run's inputs as a conversation, and a line to say something oneself.
import { useState } from "react";
import { Link } from "wouter";
import { post } from "../../api/http";
import { Empty } from "../../components/empty";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { type Message, messages } from "./conversation";
import { useConversation } from "./queries";

function Bubble({ message }: { message: Message }) {
  return (
    <li className={message.sent ? "message sent" : "message"}>
      <p className="faint">
        {message.sent ? "to " : "from "}
        {message.peer ? (
          <Link href={`/runs/flow-run/${message.peer}`}>run {message.peer.slice(0, 8)}</Link>
        ) : (
          (message.input.sender ?? "a person")
        )}{" "}
        <When time={message.input.created} />
      </p>
      <pre>{message.text}</pre>
    </li>
  );
}

// Under these a flow that receives a plain type looks for it.
const plainTypes = [
  ["strautomaticruninput-auto", "a text"],
  ["intautomaticruninput-auto", "a whole number"],
  ["floatautomaticruninput-auto", "a number"],
  ["boolautomaticruninput-auto", "true or false"],
  ["listautomaticruninput-auto", "a list"],
  ["dictautomaticruninput-auto", "an object"],
] as const;

const ID_AT_END = /-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the keys of the messages so far begin with. */
const prefixesOf = (all: readonly Message[]) => [
  ...new Set(
    all
      .filter((message) => !message.sent && ID_AT_END.test(message.input.key))
      .map((message) => message.input.key.replace(ID_AT_END, "")),
  ),
];

/** What is stored for what was typed: plain types are wrapped; a text may look like JSON. */
function valueFor(prefix: string, text: string): string {
  const isPlain = prefix.endsWith("automaticruninput-auto");
  if (prefix.startsWith("strauto")) return JSON.stringify({ value: text });
  const value: unknown = JSON.parse(text);
  return isPlain ? `{"value": ${text}}` : JSON.stringify(value);
}

function Send({ runId, prefixes }: { runId: string; prefixes: readonly string[] }) {
  const [text, setText] = useState("");
  const [prefix, setPrefix] = useState(prefixes.at(-1) ?? plainTypes[0][0]);
  const [error, setError] = useState<Error>();
  const send = async () => {
    setError(undefined);
    try {
      const value = valueFor(prefix, text);
      await post(`flow_runs/${runId}/input`, { key: `${prefix}-${crypto.randomUUID()}`, value });
      setText("");
    } catch (problem) {
      setError(problem as Error);
    }
  };
  return (
    <form
      className="say"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {error ? <Trouble error={error} /> : null}
      <label>
        What
        <input
          type="text"
          required
          placeholder="a text; for other types JSON"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <label>
        As
        <input
          type="text"
          required
          list="prefixes"
          value={prefix}
          onChange={(event) => setPrefix(event.target.value)}
        />
      </label>
      <datalist id="prefixes">
        {plainTypes.map(([name, label]) => (
          <option key={name} value={name} label={label} />
        ))}
        {prefixes.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button type="submit" className="main">
        Send
      </button>
    </form>
  );
}

export function Messages({ runId, isOver }: { runId: string; isOver: boolean }) {
  const { data, error } = useConversation(runId);
  if (error) return <Trouble error={error} />;
  if (!data) return null;
  const all = messages(data.received, data.sent);
  return (
    <>
      {all.length === 0 ? <Empty title="Nobody has sent this run anything yet." /> : null}
      <ol className="conversation" aria-label="Messages">
        {all.map((message) => (
          <Bubble key={message.input.id} message={message} />
        ))}
      </ol>
      {isOver ? null : <Send runId={runId} prefixes={prefixesOf(all)} />}
    </>
  );
}
