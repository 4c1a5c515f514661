// The whole log as a text file, read part by part.
import { post } from "../../api/http";
import type { Log } from "../../api/types";

const PART = 200; // lines; as many as the API lists at once

const lineOf = ({ timestamp, level, name, message }: Log) =>
  `${timestamp} ${level} ${name} ${message}\n`;

/** `onProgress` hears after each part how many lines there are so far. */
export async function downloadLog(
  runId: string,
  name: string,
  onProgress: (lines: number) => void,
): Promise<void> {
  const parts: string[] = [];
  let seq = 0;
  for (let lines = 0; ; ) {
    const part = await post<Log[]>("logs/filter", {
      logs: { flow_run_id: { any_: [runId] }, seq: { gt_: seq } },
      sort: "SEQ_ASC",
      limit: PART,
    });
    parts.push(part.map(lineOf).join(""));
    lines += part.length;
    onProgress(lines);
    if (part.length < PART) break;
    seq = part.at(-1)!.seq;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = `${name}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}
