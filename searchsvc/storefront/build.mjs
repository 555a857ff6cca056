/** Builds the storefront and the preview page into the folder that the service serves. */

import { build } from "esbuild";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const OUT = path.resolve(process.argv[2] ?? path.join(HERE, "../http/web"));

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const { metafile } = await build({
  absWorkingDir: HERE,
  entryPoints: { storefront: "src/main.jsx", preview: "src/preview/main.jsx" },
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"' },
  external: ["*.svg"],
  legalComments: "none", // the notices are in a file of their own
  metafile: true,
  logLevel: "warning",
});
await cp(path.join(HERE, "static"), OUT, { recursive: true });
await writeFile(path.join(OUT, "licences.txt"), await notices(Object.values(metafile.outputs)));

/** The licence of each package of which something is in the bundle. */
async function notices(outputs) {
  const used = outputs.flatMap(({ inputs }) =>
    Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0),
  );
  const packages = new Set(
    used.flatMap((input) => input.match(/^(?!\(disabled\)).*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  );
  const texts = await Promise.all([...packages].sort().map(notice));
  return `storefront.js and preview.js contain code of the following packages.\n\n${texts.join("\n")}`;
}

async function notice(folder) {
  const root = path.join(HERE, folder);
  const described = JSON.parse(await readFile(path.join(root, "package.json")));
  const { name, version, license = described.licenses?.[0].type } = described; // the old spelling
  const file = (await readdir(root)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  const text = file ? (await readFile(path.join(root, file), "utf8")).trim() : await inherited(name);
  return `## ${name} ${version} (${license})\n\n${text}\n`;
}

/** Packages of one repository that do not repeat its licence file. */
async function inherited(name) {
  const owner = /algolia|instantsearch/.test(name) ? "instantsearch.js" : null;
  if (!owner) throw new Error(`${name} has no licence file; say here where its licence is.`);
  return (await readFile(path.join(HERE, "node_modules", owner, "LICENSE"), "utf8")).trim();
}
