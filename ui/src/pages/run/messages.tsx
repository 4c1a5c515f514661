// The run's inputs as a conversation.
import { useState } from "react";
import { Link } from "wouter";
import { MOST } from "../../api/queries";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";
import { When } from "../../components/when";
import { useNamesOf } from "../runs/queries";
import { type Message, messages } from "./conversation";
import { heardKinds } from "./kinds";
import { useReceived, useSent } from "./queries";
import { Say } from "./say";

function Bubble({ message, peer }: { message: Message; peer: string | undefined }) {
  return (
    <li className={message.sent ? "message sent" : "message"}>
      <p className="faint">
        {message.sent ? "to " : "from "}
        {message.peer ? (
          <Link href={`/runs/flow-run/${message.peer}`}>{peer ?? message.peer.slice(0, 8)}</Link>
        ) : (
          (message.input.sender ?? "a person or a program")
        )}{" "}
        <When time={message.input.created} />
      </p>
      <pre tabIndex={0} title={message.input.key}>
        {message.text}
      </pre>
    </li>
  );
}

const PART = 100; // messages shown at once

export function Messages({ runId, isOver }: { runId: string; isOver: boolean }) {
  const received = useReceived(runId);
  const sent = useSent(runId);
  const [shown, setShown] = useState(PART);
  const all = messages(received.data ?? [], sent.data ?? []);
  const part = all.slice(-shown);
  const peers = useNamesOf(
    "flow_runs",
    part.map((message) => message.peer),
  );
  const error = received.error ?? sent.error;
  if (!received.data || !sent.data) return error ? <Trouble error={error} /> : <Loading />;
  return (
    <>
      {sent.data.length === MOST ? (
        <p className="faint">Of what it has sent the last {MOST} are shown.</p>
      ) : null}
      {all.length === 0 ? <Empty title="Nobody has sent this run anything yet." /> : null}
      {all.length > shown ? (
        <button type="button" className="quiet" onClick={() => setShown(shown + PART)}>
          Show older ones: {(all.length - shown).toLocaleString()} more
        </button>
      ) : null}
      <ol className="conversation" aria-label="Messages">
        {part.map((message) => (
          <Bubble key={message.input.id} message={message} peer={peers.get(message.peer ?? "")} />
        ))}
      </ol>
      {isOver ? (
        <p className="faint">The run is over: nobody reads what is sent to it.</p>
      ) : (
        <Say runId={runId} heard={heardKinds(all)} />
      )}
    </>
  );
}
