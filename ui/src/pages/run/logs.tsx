// The run's log, live: it follows the end while one looks at the end.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Log } from "../../api/types";
import { Empty } from "../../components/empty";
import { Select } from "../../components/select";
import { exact } from "../../lib/times";
import { downloadLog } from "./download";
import { CHUNK, type LogFilter, useLogChunk, useLogCount } from "./log_store";

const LINE = 20; // px, as in run.css
const NEAR = 40; // px from the end that still count as the end

const levels = [
  ["20", "Info and above"],
  ["30", "Warnings and above"],
  ["40", "Errors"],
] as const;

function levelName(level: number): string {
  if (level >= 50) return "CRITICAL";
  if (level >= 40) return "ERROR";
  if (level >= 30) return "WARNING";
  return level >= 20 ? "INFO" : "DEBUG";
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

function Line({ log }: { log: Log | undefined }) {
  if (!log) return <>…</>;
  const name = levelName(log.level);
  return (
    <>
      <time dateTime={log.timestamp} title={exact(log.timestamp)}>
        {clock.format(new Date(log.timestamp))}
      </time>{" "}
      <span className={`level level-${name.toLowerCase()}`}>{name}</span> {log.message}
    </>
  );
}

/** One chunk's line. Each line asks for its chunk; those of one chunk share the reading. */
function ChunkLine(props: { runId: string; filter: LogFilter; index: number }) {
  const chunk = useLogChunk(props.runId, props.filter, Math.floor(props.index / CHUNK));
  return <Line log={chunk.data?.[props.index % CHUNK]} />;
}

function Lines(props: { runId: string; filter: LogFilter; count: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const virtual = useVirtualizer({
    count: props.count,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 20,
  });
  useEffect(() => {
    if (follows && props.count > 0) virtual.scrollToIndex(props.count - 1, { align: "end" });
  }, [follows, props.count, virtual]);

  return (
    <>
      <div
        ref={box}
        className="log"
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="log"
        aria-label="Log"
        aria-live="off"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setFollows(scrollTop + clientHeight >= scrollHeight - NEAR)
        }
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="log-line"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <ChunkLine runId={props.runId} filter={props.filter} index={item.index} />
            </div>
          ))}
        </div>
      </div>
      {follows ? null : (
        <button type="button" className="quiet" onClick={() => setFollows(true)}>
          Follow the end
        </button>
      )}
    </>
  );
}

function Download({ runId, name }: { runId: string; name: string }) {
  const [lines, setLines] = useState<number>();
  const download = async () => {
    await downloadLog(runId, name, setLines).finally(() => setLines(undefined));
  };
  return (
    <button type="button" disabled={lines !== undefined} onClick={() => void download()}>
      {lines === undefined ? "Download" : `${lines.toLocaleString()} lines…`}
    </button>
  );
}

export function Logs({ runId, name }: { runId: string; name: string }) {
  const [level, setLevel] = useState("");
  const [text, setText] = useState("");
  const filter = useMemo(() => ({ level: Number(level), text }), [level, text]);
  const count = useLogCount(runId, filter).data;
  return (
    <>
      <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Search"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Select label="Level" all="All levels" value={level} choices={levels} onChange={setLevel} />
        <span className="faint" role="status">
          {count === undefined ? "" : `${count.toLocaleString()} lines`}
        </span>
        <Download runId={runId} name={name} />
      </form>
      {count === 0 ? <Empty title={text || level ? "No line fits." : "Nothing logged yet."} /> : null}
      {count ? <Lines key={`${level} ${text}`} runId={runId} filter={filter} count={count} /> : null}
    </>
  );
}
