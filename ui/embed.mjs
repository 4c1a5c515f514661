// node embed.mjs OUTPUT DEPFILE
//
// Builds the page and writes its files, compressed, as C: what server/ui/assets.h describes. DEPFILE
// names for Ninja what the page was made from.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const [output, depfile] = process.argv.slice(2);
const root = dirname(fileURLToPath(import.meta.url));

const contentTypes = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
};

const filesIn = (directory) =>
    readdirSync(directory, { recursive: true })
        .map((name) => join(directory, name))
        .filter((path) => statSync(path).isFile())
        .sort();

async function buildPage() {
    const directory = mkdtempSync(join(tmpdir(), "fermata-ui-"));
    try {
        await build({ root, logLevel: "warn", build: { outDir: directory, emptyOutDir: true } });
        return filesIn(directory).map((path) => ({
            path: `/${relative(directory, path)}`,
            content: readFileSync(path),
        }));
    } finally {
        rmSync(directory, { recursive: true });
    }
}

// Octal, three digits always, so that a digit behind it stays one of its own.
const literal = (bytes) => {
    const lines = [];
    for (let at = 0; at < bytes.length; at += 32) {
        const part = [...bytes.subarray(at, at + 32)];
        lines.push(
            `    "${part.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")}"`,
        );
    }
    return lines.join("\n");
};

function rowOf({ path, content }, index) {
    const type = contentTypes[extname(path)];
    if (!type) throw new Error(`${path}: of a kind that has no content type in embed.mjs`);
    const etag = createHash("sha256").update(content).digest("base64url").slice(0, 22);
    return (
        `    {"${path}", "${type}", "\\"${etag}\\"", (const unsigned char *)content_${index},\n` +
        `     sizeof(content_${index}) - 1, ${content.length}},`
    );
}

const files = await buildPage();
const contents = files.map(
    ({ content }, index) =>
        `static const char content_${index}[] =\n${literal(gzipSync(content, { level: 9 }))};\n`,
);
writeFileSync(
    output,
    `/* Made by ui/embed.mjs. */
#include "server/ui/assets.h"

${contents.join("\n")}
const struct ui_asset ui_assets[] = {
${files.map(rowOf).join("\n")}
    {0},
};
`,
);

const sources = [
    ...filesIn(join(root, "src")),
    ...["index.html", "package.json", "package-lock.json", "vite.config.ts"].map((name) =>
        join(root, name),
    ),
];
writeFileSync(
    depfile,
    `${output}: ${sources.map((path) => path.replaceAll(" ", "\\ ")).join(" ")}\n`,
);
