// The lines of a log: only those that are seen are there. It follows the end while one looks at it.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type UIEvent, useLayoutEffect, useRef, useState } from "react";
import type { Log } from "../../api/types";
import { exact } from "../../lib/times";
import { CHUNK, type LogFilter, useLogChunk } from "./log_store";
import { levelName } from "./log_text";

const LINE = 17; // px, as in run.css: a million of them are just within what browsers can scroll
const MOST_LINES = 1_000_000;
const NEAR = 40; // px from the end that still count as the end

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

function Line({ log }: { log: Log | undefined }) {
  if (!log) return <>…</>;
  const level = levelName(log.level);
  return (
    <>
      <time dateTime={log.timestamp} title={exact(log.timestamp)}>
        {clock.format(new Date(log.timestamp))}
      </time>{" "}
      <span className={`level level-${level.toLowerCase()}`}>{level}</span>
      <span className="log-message">{log.message}</span>
    </>
  );
}

/** One chunk's line. Each line asks for its chunk; those of one chunk share the reading. */
function ChunkLine(props: { runId: string; filter: LogFilter; index: number }) {
  const chunk = useLogChunk(props.runId, props.filter, Math.floor(props.index / CHUNK));
  return <Line log={chunk.data?.[props.index % CHUNK]} />;
}

/** Whether the end is followed: until one scrolls up, and again from when one is there. */
function useFollowing() {
  const [follows, setFollows] = useState(true);
  const top = useRef(0);
  const onScroll = ({ currentTarget: box }: UIEvent<HTMLElement>) => {
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - NEAR) setFollows(true);
    else if (box.scrollTop < top.current) setFollows(false);
    top.current = box.scrollTop;
  };
  return [follows, setFollows, onScroll] as const;
}

export function LogLines(props: { runId: string; filter: LogFilter; count: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows, onScroll] = useFollowing();
  const hidden = Math.max(0, props.count - MOST_LINES); // of the oldest
  const shown = props.count - hidden;
  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 20,
  });
  const height = virtual.getTotalSize();
  useLayoutEffect(() => {
    if (follows && box.current) box.current.scrollTop = height;
  }, [follows, height]);
  const toBegin = () => {
    setFollows(false);
    virtual.scrollToIndex(0);
  };

  return (
    <>
      {hidden > 0 ? (
        <p className="faint">
          The last {shown.toLocaleString()} are shown; the download has all of them.
        </p>
      ) : null}
      <div
        ref={box}
        className="log"
        tabIndex={0}
        role="log"
        aria-label="Log"
        aria-live="off"
        onScroll={onScroll}
      >
        <div style={{ height, position: "relative" }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="log-line"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <ChunkLine runId={props.runId} filter={props.filter} index={hidden + item.index} />
            </div>
          ))}
        </div>
      </div>
      <p className="log-ends">
        <button type="button" className="quiet" onClick={toBegin}>
          To the beginning
        </button>
        <button type="button" className="quiet" disabled={follows} onClick={() => setFollows(true)}>
          {follows ? "Following the end" : "To the end"}
        </button>
      </p>
    </>
  );
}
