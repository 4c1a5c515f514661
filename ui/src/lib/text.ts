/** The first line of a Markdown text that says something, without its marks. */
export function firstLine(markdown: string): string {
  const line = markdown.split("\n").find((part) => /[\p{L}\p{N}]/u.test(part)) ?? "";
  return line
    .replace(/^[\s>#*+-]+/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`~]{1,3}/g, "")
    .trim();
}
