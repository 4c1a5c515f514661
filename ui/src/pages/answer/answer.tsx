// One input request: what is asked, the form, and what becomes of the answer.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import "../../styles/form.css";
import { ApiError } from "../../api/http";
import { usePostOnce } from "../../api/once";
import { useFlowRun, useInputRequest } from "../../api/queries";
import type { InputRequest, JsonObject } from "../../api/types";
import { Loading } from "../../components/loading";
import { StateBadge } from "../../components/state_badge";
import { Trouble } from "../../components/trouble";
import { Countdown, When } from "../../components/when";
import { forgetDraft } from "../../forms/entry";
import { jsonText } from "../../lib/json";
import { useTitle } from "../../lib/title";
import { AnswerForm, type Outcome } from "./answer_form";
import { type Also, AlsoAsked, idsIn, useAlso } from "./also";
import { sendAnswers, type Sent } from "./send";

function Facts({ request, others }: { request: InputRequest; others: number }) {
  return (
    <dl className="facts">
      <div>
        <dt>Run</dt>
        <dd>
          <Link href={`/runs/flow-run/${request.flow_run_id}`}>{request.flow_run_name}</Link>
          {others > 0 ? ` and ${others} more` : ""}
        </dd>
      </div>
      {request.deployment_id ? (
        <div>
          <dt>Deployment</dt>
          <dd>
            <Link href={`/deployments/deployment/${request.deployment_id}`}>
              {request.deployment_name}
            </Link>
          </dd>
        </div>
      ) : null}
      <div>
        <dt>Asked</dt>
        <dd>
          <When time={request.created} />
        </dd>
      </div>
      {request.state === "open" && request.deadline ? (
        <div>
          <dt>Expires</dt>
          <dd>
            <Countdown until={request.deadline} />
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

function Description({ request }: { request: InputRequest }) {
  if (request.description_html)
    return (
      <div
        className="prose"
        // The server makes it from Markdown and leaves out all HTML that was in it.
        dangerouslySetInnerHTML={{ __html: request.description_html }}
      />
    );
  if (request.description) return <pre className="prose">{request.description}</pre>;
  return request.wants_input ? null : <p>The run waits for a yes before it goes on.</p>;
}

function GoesOnRun({ request }: { request: InputRequest }) {
  const run = useFlowRun(request.flow_run_id).data;
  return (
    <p>
      <Link href={`/runs/flow-run/${request.flow_run_id}`}>{request.flow_run_name}</Link>
      {run ? (
        <>
          {" is "}
          <StateBadge type={run.state_type} name={run.state_name} />
        </>
      ) : null}
    </p>
  );
}

const FOLLOWED = 20; // runs; the page hears only of so many things

/** How the runs go on after the answer. */
function GoesOn({ sent: { answered, refused } }: { sent: Sent }) {
  return (
    <div className="notice notice-good" role="status">
      <strong>{answered.length > 1 ? `${answered.length} are answered.` : "Answered."}</strong>
      {answered.slice(0, FOLLOWED).map((request) => (
        <GoesOnRun key={request.id} request={request} />
      ))}
      {answered.length > FOLLOWED ? <p>… and {answered.length - FOLLOWED} more.</p> : null}
      {answered.some((request) => request.unchecked) ? (
        <p>The flow was not there to check it. It does so when it goes on, and may ask again.</p>
      ) : null}
      {refused.map(({ id, message }) => (
        <p key={id}>
          <strong>Not taken</strong> for <Link href={`/requests/${id}`}>another</Link>: {message}
        </p>
      ))}
      <p>
        <Link href="/">Back to the inbox</Link>
      </p>
    </div>
  );
}

const overTexts = {
  answered: "This was answered",
  expired: "Nobody has answered in time.",
  cancelled: "The run has gone on, or ended, without an answer.",
} as const;

/** That there is nothing to answer any more, and why. */
function Over({ request }: { request: InputRequest }) {
  if (request.state === "open" || request.state === "checking") return null;
  const by = request.answered_by ? ` by ${request.answered_by}` : "";
  const via = request.answered_via ? `, through ${request.answered_via}` : "";
  return (
    <div className="notice" role="status">
      <p>
        <strong>{overTexts[request.state]}</strong>
        {request.state === "answered" ? (
          <>
            {by}
            {via}
            {request.answered_at ? (
              <>
                {", "}
                <When time={request.answered_at} />
              </>
            ) : null}
            :
          </>
        ) : null}
      </p>
      {request.state === "answered" ? (
        <pre className="json">{jsonText(request.answer, 2)}</pre>
      ) : null}
      <p>
        <Link href={`/runs/flow-run/${request.flow_run_id}`}>To the run</Link>
        {" · "}
        <Link href="/">To the inbox</Link>
      </p>
    </div>
  );
}

const nothingSent: Outcome = { problems: [] };

function Request({ request, also }: { request: InputRequest; also: Also }) {
  const postOnce = usePostOnce();
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>(nothingSent);
  const [done, setDone] = useState<Sent | undefined>();
  const isOver = request.state !== "open" && request.state !== "checking";

  const send = async (value: JsonObject | undefined, by: string) => {
    setOutcome(nothingSent);
    try {
      const ids = [request, ...also.taken].map(({ id }) => id);
      const sent = await sendAnswers(postOnce, ids, value, by);
      setDone({ ...sent, refused: [...also.refused, ...sent.refused] });
      if (sent.answered.some(({ id }) => id === request.id)) forgetDraft(request.id);
    } catch (error) {
      const problems = error instanceof ApiError ? error.problems : [];
      const message = error instanceof Error ? error.message : String(error);
      setOutcome({ problems, message, value });
    }
    void client.invalidateQueries({ queryKey: ["input-request", request.id] });
  };

  return (
    <section className="page narrow">
      <header className="page-head">
        <h1>{request.flow_name} asks</h1>
        <Facts request={request} others={also.taken.length} />
      </header>
      <Description request={request} />
      {done ? <GoesOn sent={done} /> : null}
      {!done && isOver ? <Over request={request} /> : null}
      {done ? null : (
        <div hidden={isOver}>
          <AlsoAsked {...also} />
          <AnswerForm
            key={request.schema ? "form" : "none"}
            request={request}
            outcome={outcome}
            onSend={send}
          />
        </div>
      )}
    </section>
  );
}

export function Answer({ params }: { params: Record<string, string | undefined> }) {
  const { data: request, error } = useInputRequest(params.id ?? "");
  useTitle(request ? `${request.flow_name} asks` : "Answer");
  if (!request && error)
    return (
      <section className="page narrow">
        <h1>Answer</h1>
        <Trouble error={error} />
        <Link href="/">To the inbox</Link>
      </section>
    );
  if (!request) return <Loading />;
  return <WithOthers key={request.id} request={request} />;
}

function WithOthers({ request }: { request: InputRequest }) {
  const [search] = useSearchParams();
  const also = useAlso(request, idsIn(search.get("also"), request.id));
  return also.isLoading ? <Loading /> : <Request request={request} also={also} />;
}
