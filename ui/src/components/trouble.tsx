import { ServerAway } from "../api/http";

/** What went wrong with reading; the page reads again by itself when the server is back. */
export function Trouble({ error }: { error: Error }) {
  return (
    <div className="notice notice-bad" role="alert">
      {error instanceof ServerAway
        ? "The server cannot be reached. This page goes on when it is back."
        : error.message}
    </div>
  );
}
