// Builds the sheet and the script of the pages, minified, with their compressed twins.
//
// Output stands under dist/site/, committed, so that `cargo build` needs no Node. The service puts
// the digest of each into its address.
//
// `node build-site.js --check` builds nothing: it fails where dist/site/ is not what the source
// gives, or is larger than it may be.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync } from "node:zlib";
import { gzipAsync } from "@gfx/zopfli";
import { build } from "esbuild";

/** The most that a page's own files may take, in bytes, compressed with brotli. */
const LIMIT = 14_000;
const TARGET = ["chrome99", "edge99", "firefox101", "safari16.4"];

const here = new URL(".", import.meta.url);
const into = new URL("dist/site/", here);

const made = await build({
  entryPoints: ["site.css", "site.js"].map((name) => new URL(`site/${name}`, here).pathname),
  outdir: into.pathname,
  bundle: true,
  minify: true,
  format: "esm",
  target: TARGET,
  charset: "utf8",
  legalComments: "none",
  write: false,
});

const check = process.argv.includes("--check");
mkdirSync(into, { recursive: true });
let total = 0;
for (const { path, contents } of made.outputFiles) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const plain = Buffer.from(contents);
  const file = (/** @type {string} */ ending) => new URL(`${name}${ending}`, into);
  if (!check) {
    writeFileSync(file(""), plain);
    writeFileSync(file(".gz"), Buffer.from(await gzipAsync(plain, { numiterations: 15 })));
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    };
    writeFileSync(file(".br"), brotliCompressSync(plain, { params }));
  }
  if (!readFileSync(file("")).equals(plain))
    throw new Error(`dist/site/${name} is not what the source gives; run npm run build`);
  const [br, gz] = [readFileSync(file(".br")), readFileSync(file(".gz"))];
  if (!brotliDecompressSync(br).equals(plain) || !gunzipSync(gz).equals(plain))
    throw new Error(`dist/site/${name}: the compressed files are not it; run npm run build`);
  total += br.length;
  console.log(`${name}: ${plain.length} bytes, ${gz.length} with gzip, ${br.length} with brotli`);
}
if (total > LIMIT) throw new Error(`the pages' files take ${total} bytes with brotli; at most ${LIMIT}`);
