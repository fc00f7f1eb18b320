// Builds the widget: one module, minified, with its compressed twins and integrity hashes.
//
// Output stands under dist/, committed, so that `cargo build` needs no Node:
//
//   dist/manifest.json            which versions there are, and their hashes
//   dist/<version>/cesou.js       and .br, .gz: the same, compressed
//
// A version is the package's, followed by the digest of the module, so that what stands under one
// path never changes. Versions named in package.json under "released" are kept as they are.
//
// `node build.js --check` builds nothing: it fails where dist/ is not what the source gives, or a
// module is larger than it may be.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync } from "node:zlib";
import { gzipAsync } from "@gfx/zopfli";
import { build, transform } from "esbuild";

/** The most a page may have to fetch, in bytes, compressed. */
const LIMIT = 10_000;
/** What browsers are built for: those of 2021, and Safari's of 2023, the first with sheets to share. */
const TARGET = ["chrome99", "edge99", "firefox101", "safari16.4"];

const here = new URL(".", import.meta.url);
/** @type {{ version: string, released?: string[] }} */
const about = JSON.parse(readFileSync(new URL("package.json", here), "utf8"));

const made = await build({
  entryPoints: [new URL("src/cesou.js", here).pathname],
  bundle: true,
  minify: true,
  format: "esm",
  target: TARGET,
  charset: "utf8",
  legalComments: "none",
  // Names that only the elements themselves speak; `value`, `focus` and `search` are the page's.
  mangleProps:
    /^(addressOf|annotate|asked|counted|debounce|endpoint|fixed|follow|forget|linkTo|notes|owns|partsOf|settle|tell|typed|typing|words)$/,
  write: false,
  banner: { js: `/* Cesou ${about.version}, Apache-2.0 */` },
  plugins: [
    {
      name: "styles as text",
      setup(setup) {
        setup.onLoad({ filter: /\.css$/ }, async ({ path }) => {
          const { code } = await transform(readFileSync(path, "utf8"), {
            loader: "css",
            minify: true,
            target: TARGET,
          });
          return { contents: code.trim(), loader: "text" };
        });
      },
    },
  ],
});
const module = Buffer.from(made.outputFiles[0]?.contents ?? []);
const version = `${about.version}-${createHash("sha256").update(module).digest("hex").slice(0, 8)}`;
const kept = (about.released ?? []).filter((released) => released !== version);

/** @param {string} path */
const read = (path) => readFileSync(new URL(`dist/${path}`, here));

/**
 * @param {string} of
 * @param {Buffer} content
 * @param {Buffer} br
 * @param {Buffer} gz
 */
const entry = (of, content, br, gz) => ({
  path: `/embed/${of}/cesou.js`,
  integrity: `sha384-${createHash("sha384").update(content).digest("base64")}`,
  bytes: content.length,
  gzip: gz.length,
  br: br.length,
});

const check = process.argv.includes("--check");
if (!check) {
  mkdirSync(new URL("dist", here), { recursive: true });
  for (const name of readdirSync(new URL("dist", here)))
    // The pages' files are `build-site.js`'s.
    if (!kept.includes(name) && name !== "site") rmSync(new URL(`dist/${name}`, here), { recursive: true });
  mkdirSync(new URL(`dist/${version}/`, here), { recursive: true });
  const into = (/** @type {string} */ name, /** @type {Buffer | string} */ content) =>
    writeFileSync(new URL(`dist/${name}`, here), content);
  into(`${version}/cesou.js`, module);
  into(`${version}/cesou.js.gz`, Buffer.from(await gzipAsync(module, { numiterations: 15 })));
  into(
    `${version}/cesou.js.br`,
    brotliCompressSync(module, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: module.length,
      },
    }),
  );
}

const versions = Object.fromEntries(
  [version, ...kept].map((of) => {
    const [content, br, gz] = ["", ".br", ".gz"].map((ending) => read(`${of}/cesou.js${ending}`));
    if (!content || !br || !gz) throw new Error(`${of} is not whole`);
    if (!brotliDecompressSync(br).equals(content) || !gunzipSync(gz).equals(content))
      throw new Error(`dist/${of}: the compressed files are not the module; run npm run build`);
    return [of, entry(of, content, br, gz)];
  }),
);
const manifest = `${JSON.stringify({ current: version, floating: { v1: version }, versions }, null, 2)}\n`;
const now = versions[version];
if (!now || now.br > LIMIT || now.gzip > LIMIT)
  throw new Error(`the widget takes ${now?.br} bytes with brotli, ${now?.gzip} with gzip; at most ${LIMIT}`);
if (check) {
  if (!read(`${version}/cesou.js`).equals(module) || String(read("manifest.json")) !== manifest)
    throw new Error("dist/ is not what the source gives; run npm run build");
} else {
  writeFileSync(new URL("dist/manifest.json", here), manifest);
}
console.log(`${version}: ${now.bytes} bytes, ${now.gzip} with gzip, ${now.br} with brotli`);
