import { Copy } from "./copy";

export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <Copy label="Copy" read={() => text} />
    </div>
  );
}
