// Writes static/tokens.css, static/vendor/** and static/manifest.json from the packages of package-lock.json, and for the
// tests of the pages tests/phr/web/vendor/axe.min.js.
// `node build.mjs --check` writes nothing and fails when a built file is not what the packages give.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { colours } from "./roles.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "node_modules");
const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));
const names = ["@digital-go-jp/design-tokens", "htmx.org", "uplot"];

const source = readFileSync(join(packages, names[0], "dist/tokens.css"), "utf8");
const tokens = new Map([...source.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2].trim()]));

function token(name) {
  if (!tokens.has(name)) throw new Error(`no design token --${name}`);
  return tokens.get(name);
}

function hex(name) {
  if (name === "white" || name === "black") return token(`color-neutral-${name}`);
  return token(name.startsWith("gray-") ? `color-neutral-solid-${name}` : `color-primitive-${name}`);
}

const channels = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));

function colour(recipe) {
  const mix = /^([\w-]+)\*([\d.]+)\+([\w-]+)$/.exec(recipe);
  if (!mix) return hex(recipe);
  const [top, ground, share] = [channels(hex(mix[1])), channels(hex(mix[3])), Number(mix[2])];
  return "#" + top.map((c, i) => Math.round(c * share + ground[i] * (1 - share)).toString(16).padStart(2, "0")).join("");
}

const lines = (column, indent) =>
  Object.entries(colours).map(([role, both]) => `${indent}--c-${role}: ${colour(both[column])}; /* ${both[column]} */`).join("\n");

const sizes = { xs: 14, sm: 16, dense: 17, base: 18, md: 20, lg: 24, xl: 28, "2xl": 32, "3xl": 36, "4xl": 45 };
const family = (name, more) => `${token(name).split(",")[0]}, ${more}`;

function tokensCss() {
  const version = lock.packages[`node_modules/${names[0]}`].version;
  const type = Object.entries(sizes).map(([k, px]) => `  --fs-${k}: ${token(`font-size-${px}`)};`).join("\n");
  const space = [0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4].map((rem, i) => `  --s-${i + 1}: ${rem}rem;`).join("\n");
  return `/* Written by build.mjs from ${names[0]} ${version} (MIT). Do not edit by hand. */
:root {
  color-scheme: light dark;
  --font: ${family("font-family-sans", '"Hiragino Sans", "BIZ UDPGothic", "Noto Sans CJK JP", Meiryo, system-ui, sans-serif')};
  --mono: ${family("font-family-mono", '"BIZ UDGothic", "Noto Sans Mono CJK JP", ui-monospace, monospace')};
${type}
  --lh: ${token("line-height-170")};
  --lh-head: ${token("line-height-140")};
  --lh-dense: ${token("line-height-150")};
  --w-body: ${token("font-weight-400")};
  --w-bold: ${token("font-weight-700")};
${space}
  --r-s: ${token("border-radius-4")};
  --r-m: ${token("border-radius-8")};
  --r-l: ${token("border-radius-12")};
  --r-full: ${token("border-radius-full")};
  --target: 3rem; /* never below 44 px */
  --measure: 40em;
  --focus-width: 4px;
${lines(0, "  ")}
}

@media screen and (prefers-color-scheme: dark) {
  :root {
${lines(1, "    ")}
  }
}
`;
}

const bytes = (path) => readFileSync(join(packages, path));
const files = new Map([
  ["tokens.css", Buffer.from(tokensCss())],
  ["vendor/uPlot.iife.min.js", bytes("uplot/dist/uPlot.iife.min.js")],
  ["vendor/uPlot.min.css", bytes("uplot/dist/uPlot.min.css")],
  ["vendor/uPlot.LICENSE.txt", bytes("uplot/LICENSE")],
  ["vendor/htmx.min.js", bytes("htmx.org/dist/htmx.min.js")],
  ["vendor/htmx.LICENSE.txt", bytes("htmx.org/LICENSE")],
  ["vendor/design-tokens.LICENSE.txt", bytes("@digital-go-jp/design-tokens/LICENSE")],
]);

const sha256 = (content) => createHash("sha256").update(content).digest("hex");
const locked = (name) => { const { version, integrity } = lock.packages[`node_modules/${name}`]; return { version, integrity }; };
const manifest = {
  packages: Object.fromEntries(names.map((name) => [name, locked(name)])),
  files: Object.fromEntries([...files].map(([name, content]) => [name, sha256(content)])),
};
files.set("manifest.json", Buffer.from(JSON.stringify(manifest, null, 2) + "\n"));

for (const name of names) {
  const installed = JSON.parse(bytes(`${name}/package.json`)).version;
  if (installed !== locked(name).version) throw new Error(`${name}: ${installed} is installed, ${locked(name).version} is locked: run npm ci`);
}

files.set("../../../tests/phr/web/vendor/axe.min.js", bytes("axe-core/axe.min.js"));
files.set("../../../tests/phr/web/vendor/axe.LICENSE.txt", bytes("axe-core/LICENSE"));

const stale = [...files].filter(([name, content]) => {
  const path = join(here, "static", name);
  return !existsSync(path) || !readFileSync(path).equals(content);
}).map(([name]) => name);

if (process.argv.includes("--check")) {
  if (stale.length) { console.error(`not what the packages give: ${stale.join(", ")}`); process.exit(1); }
} else {
  for (const [name, content] of files) {
    const path = join(here, "static", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
