// What the run has asked, and what it was answered.
import { Link } from "wouter";
import type { InputRequest } from "../../api/types";
import { Empty } from "../../components/empty";
import { Countdown, When } from "../../components/when";
import { jsonText } from "../../lib/json";
import { firstLine } from "../../lib/text";

const texts: Record<InputRequest["state"], string> = {
  open: "waits for an answer",
  checking: "the flow checks an answer",
  answered: "answered",
  expired: "nobody answered in time",
  cancelled: "went on without an answer",
};

function Item({ request }: { request: InputRequest }) {
  const isOpen = request.state === "open";
  return (
    <li className="asked">
      <p>
        <strong>
          <Link href={`/requests/${request.id}`}>
            {request.description ? firstLine(request.description) : "Asks for an answer"}
          </Link>
        </strong>{" "}
        <span className="faint">
          <When time={request.created} />: {texts[request.state]}
          {request.answered_by ? ` by ${request.answered_by}` : ""}
          {isOpen && request.deadline ? (
            <>
              , expires <Countdown until={request.deadline} />
            </>
          ) : null}
        </span>
      </p>
      {request.state === "answered" ? (
        <pre className="json" tabIndex={0}>
          {jsonText(request.answer, 2)}
        </pre>
      ) : null}
    </li>
  );
}

export function Requests({ requests }: { requests: readonly InputRequest[] }) {
  if (requests.length === 0) return <Empty title="This run has asked nothing." />;
  return (
    <ul className="plain">
      {requests.map((request) => (
        <Item key={request.id} request={request} />
      ))}
    </ul>
  );
}
