import { ServerAway } from "../api/http";

function Notice({ text }: { text: string }) {
  return (
    <div className="notice notice-bad" role="alert">
      {text}
    </div>
  );
}

const textOf = (error: Error, away: string) => (error instanceof ServerAway ? away : error.message);

/** What went wrong with reading; the page reads again by itself when the server is back. */
export function Trouble({ error }: { error: Error }) {
  return (
    <Notice
      text={textOf(error, "The server cannot be reached. This page goes on when it is back.")}
    />
  );
}

/** What went wrong with doing something, which nobody does again but the person. */
export function NotDone({ error }: { error: Error }) {
  return (
    <Notice
      text={textOf(
        error,
        "The server cannot be reached: this was probably not done. Try again when it is back.",
      )}
    />
  );
}
