// The run's log, live, with what one does to find something in it.
import { useMemo, useState } from "react";
import { Copy } from "../../components/copy";
import { Empty } from "../../components/empty";
import { Select } from "../../components/select";
import { NotDone, Trouble } from "../../components/trouble";
import { useLater } from "../../lib/later";
import { useUrlFilter } from "../../lib/url_filter";
import { LogLines } from "./log_lines";
import { type LogFilter, useLogExtent } from "./log_store";
import { logText, saveText } from "./log_text";

const levels = [
  ["20", "Info and above"],
  ["30", "Warnings and above"],
  ["40", "Errors"],
] as const;

const MOST_COPIED = 10_000; // lines

function Download(props: { runId: string; filter: LogFilter; name: string }) {
  const [lines, setLines] = useState<number>();
  const [error, setError] = useState<Error>();
  const download = async () => {
    setError(undefined);
    try {
      saveText(await logText(props.runId, props.filter, setLines), `${props.name}.log`);
    } catch (problem) {
      setError(problem as Error);
    }
    setLines(undefined);
  };
  return (
    <>
      <button
        type="button"
        className="quiet"
        disabled={lines !== undefined}
        onClick={() => void download()}
      >
        {lines === undefined ? "Download" : `${lines.toLocaleString()} lines…`}
      </button>
      {error ? <NotDone error={error} /> : null}
    </>
  );
}

const noFilter = { level: "", text: "" };

export function Logs({ runId, name }: { runId: string; name: string }) {
  const [said, setSaid] = useUrlFilter(noFilter);
  const level = levels.find(([value]) => value === said.level)?.[0] ?? "";
  const text = useLater(said.text.trim());
  const filter = useMemo(() => ({ level: Number(level), text }), [level, text]);
  const { data, error } = useLogExtent(runId, filter);
  const count = data?.count;
  const copies = count !== undefined && count <= MOST_COPIED;
  return (
    <>
      <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Words in the log"
          value={said.text}
          onChange={(event) => setSaid({ text: event.target.value })}
        />
        <Select
          label="Level"
          all="All levels"
          value={level}
          choices={levels}
          onChange={(chosen) => setSaid({ level: chosen })}
        />
        <span className="faint log-count" role="status">
          {count === undefined ? "" : `${count.toLocaleString()} ${count === 1 ? "line" : "lines"}`}
        </span>
        <Copy
          label="Copy"
          disabled={!copies}
          title={copies ? "These lines" : "Too many to copy: download them"}
          read={async () => (await logText(runId, filter)).join("")}
        />
        <Download runId={runId} filter={filter} name={name} />
      </form>
      {error && !data ? <Trouble error={error} /> : null}
      {count === 0 ? (
        <Empty title={text || level ? "No line fits." : "Nothing logged yet."} />
      ) : null}
      {count ? (
        <LogLines key={`${level} ${text}`} runId={runId} filter={filter} count={count} />
      ) : null}
    </>
  );
}
