//! Cesou's behaviour, in one binary.
//!
//! | module | what belongs in it |
//! |---|---|
//! | `about` | the page about the corpus, and what of it a key with filters is not told |
//! | `admin` | the owner's page: the way in, what it shows, adding synonyms and pins |
//! | `agents` | what assistants ask: the protocol, the tools, over HTTP and standard input |
//! | `analytics` | what is counted of searches and what not, what is kept of it, telling of choices |
//! | `analysis` | contracts of folding, normalising and tokenizing, over arbitrary text |
//! | `answers` | answers that are given again: the same, to who may see as much |
//! | `api` | whole answers of the HTTP API as snapshots; filters, pages, orders |
//! | `architecture` | the rules of who may name what, read from `src/` |
//! | `audit` | where what is built in comes from |
//! | `backup` | snapshots: taken while others write, checked, put back; damage, kills |
//! | `bad_input` | files, folders, settings and command lines that are wrong, as a user meets them |
//! | `boilerplate` | the rules of what is left out: the file, its mistakes, what they take and leave |
//! | `browser` | the tests of `web/test/`: pages and widget in a real Chromium |
//! | `check` | `cesou check`: what it finds wrong, and that what it foretells comes true |
//! | `clients` | clients of other makers, unmodified: search clients, `InstantSearch` in a browser |
//! | `commands` | the binary as a user runs it: what each command prints, and serving |
//! | `compare` | regions and reports side by side, held against searching |
//! | `costs` | what a query may cost, and what is told of one that would cost more |
//! | `decoding` | bytes to text: encodings, cleaning, refusals |
//! | `deploy` | the files of `deploy/`: what they name, and a real nginx before the service |
//! | `durability` | generations, damage, rebuilding, locking |
//! | `embed` | what other sites embed, as it is sent |
//! | `eval` | measuring ranking: the measures, significance, test collections, judgement files |
//! | `export` | all hits as files: the same ones in the same order, safe in a spreadsheet |
//! | `feedback` | questions asked again in the words of the best passages |
//! | `facets` | counts against a recount by brute force |
//! | `formats` | web pages, Word files, PDFs, records: their text, and what they may cost |
//! | `fuzz` | the fuzz targets over what is kept of past crashes, and mutations of it |
//! | `headers` | what stands around an answer: tags, `HEAD`, compression, other origins |
//! | `hostile` | query strings and requests made to hurt |
//! | `machines` | sitemap, robots, search from the address bar, feeds: well-formed for any text |
//! | `matrix` | counts of one field against another, held against searching |
//! | `meili` | the Meilisearch-compatible subset: answers, refusals, filters |
//! | `metadata` | what reports state of themselves: region, issuer, number, date; side files |
//! | `keys` | keys: made, kept, revoked; what each is let do, and see |
//! | `numbers` | numbers in a query, and how else they are written |
//! | `openapi` | the description of the API: complete, true, readable |
//! | `operations` | metrics, dashboard, alerts, logs, traces |
//! | `overload` | more than can be done, and clients that mean no good: limits, rates, a soak |
//! | `pages` | the pages for readers |
//! | `pins` | passages that come first: the file, its mistakes, counts and pages with them |
//! | `quality` | ranking against judgements |
//! | `quantities` | figures: the judged sample, arbitrary text, conditions on passages and in queries |
//! | `queries` | the query parser: cases, and arbitrary text |
//! | `ranking` | cases of `tests/cases/`: documents, searches, expected hits |
//! | `recall` | exact matching against `contains`; smart finds what exact finds |
//! | `refusals` | what is refused over HTTP: parameters, addresses, methods, too much at once |
//! | `regions` | names to divisions |
//! | `rewrites` | pinyin and typing errors, read as what the index holds |
//! | `security` | requests written to a socket as they are, ways out of folders, keys in logs, headers |
//! | `running` | queries run a set of passages at a time, held against the engine's own way |
//! | `settings` | `config.toml`, environment, flags |
//! | `similar` | passages like one: which, in what order, and why |
//! | `snippets` | what is cut out and marked |
//! | `splitting` | files to reports to passages: the seed, cases, arbitrary text |
//! | `structure` | how documents number and nest: made-up ones, and every unit a reader sees in real ones |
//! | `synonyms` | words that mean the same: the file, its mistakes, finding them in a query |
//! | `store` | reports that came over HTTP: damage, kills, full disks, rewriting, backups |
//! | `suggest` | completions while typing: which, how found, in what order |
//! | `survival` | what the whole service survives: kills, full disks, flipped bits, rebuilding, stopping |
//! | `taxonomies` | levels, several taxonomies side by side, the one for government reports judged |
//! | `themes` | the taxonomy and its assignment |
//! | `understanding` | what a query is taken to mean, and that what was typed is not lost by it |
//! | `updates` | indexes that take in what changed |
//! | `vocabulary` | vocabulary files edited while serving, malformed ones, what an edit may not do |
//! | `watching` | reports that come and go while the service runs |
//! | `writing` | reports that are sent: taken, found, refused, and what becomes of each request |
//!
//! A bug gets a test in the module of what it broke. What several modules need is in `support`.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test fails by panicking, says why it skips, and is as long as its cases"
)]

mod support;

mod about;
mod admin;
mod agents;
mod analysis;
mod analytics;
mod answers;
mod api;
mod architecture;
mod audit;
mod backup;
mod bad_input;
mod browser;
mod boilerplate;
mod check;
mod clients;
mod commands;
mod compare;
mod costs;
mod decoding;
mod deploy;
mod durability;
mod embed;
mod eval;
mod export;
mod facets;
mod feedback;
mod formats;
mod fuzz;
mod headers;
mod hostile;
mod machines;
mod matrix;
mod meili;
mod metadata;
mod keys;
mod numbers;
mod openapi;
mod operations;
mod overload;
mod pages;
mod pins;
mod quality;
mod quantities;
mod queries;
mod ranking;
mod recall;
mod refusals;
mod regions;
mod rewrites;
mod running;
mod security;
mod settings;
mod similar;
mod snippets;
mod splitting;
mod store;
mod structure;
mod suggest;
mod survival;
mod synonyms;
mod taxonomies;
mod themes;
mod understanding;
mod updates;
mod vocabulary;
mod watching;
mod writing;
