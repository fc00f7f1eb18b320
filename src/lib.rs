//! Cesou (策搜): full-text search for Chinese regional reports.
//!
//! Reports come in as files; passages, one for each measure a region took, go out ranked, counted
//! by facets and marked where they matched. Text moves one way:
//!
//! ```text
//! corpus/ → corpus → passage → analysis → index → index/
//!                                 ↓          ↓
//!               HTTP ← http ← search ← query
//! ```
//!
//! The modules are declared in that order, and each names only those above it
//! (`tests/architecture.rs` holds them to it):
//!
//! | module | holds |
//! |---|---|
//! | [`fold`] | what one character is compared as: width, case, script |
//! | [`diagnostic`] | where a hand-edited TOML file is wrong |
//! | [`priority`] | how urgent the work of a thread is |
//! | [`pinyin`] | what characters are read as, and what a run of letters spells |
//! | [`region`] | the divisions of GB/T 2260, and names to divisions |
//! | [`theme`] | the theme taxonomy, and texts to themes with the terms that decided |
//! | [`synonym`] | words that mean the same, found in a query |
//! | [`pin`] | passages that come first for a query, as the site owner says |
//! | [`year`] | the years a text mentions |
//! | [`date`] | days of the calendar, as texts write them |
//! | [`number`] | the numbers of a query, and how else texts write them |
//! | [`numbering`] | the numbers documents put before their units |
//! | [`swap`] | the content of a folder exchanged for another |
//! | [`report`] | reports, passages, spans, warnings: the words all others speak |
//! | [`quantity`] | the figures of a text, and conditions on them |
//! | [`config`] | `config.toml`, environment and flags to typed settings |
//! | [`corpus`] | files to reports; the only opener of `corpus/` |
//! | [`store`] | reports that came over HTTP, durable before they are acknowledged; the only opener of `store/` |
//! | [`passage`] | reports to passages |
//! | [`analysis`] | text to tokens, the same for passages and queries |
//! | [`phrase`] | the set phrases of a corpus, found by counting |
//! | [`index`] | schema, building, generations, opening; the only opener of `index/` |
//! | [`query`] | any string to a tree, the tree to what the engine runs |
//! | [`search`] | request to response on one snapshot |
//! | [`eval`] | judged queries to measures of ranking |
//! | [`reload`] | what is served, kept in step with the vocabulary files |
//! | [`key`] | who may ask what: keys with actions, hashed at rest |
//! | [`analytics`] | what readers search for and choose, as counts for the owner |
//! | [`backup`] | corpus, store, keys and index in one file, and back; all of them checked |
//! | [`agent`] | what assistants ask, in the words of the Model Context Protocol |
//! | [`http`] | routes, wire types, pages, problem details; the only chooser of statuses |

pub mod fold;
pub mod diagnostic;
pub mod priority;
pub mod pinyin;
pub mod region;
pub mod theme;
pub mod synonym;
pub mod pin;
pub mod year;
pub mod date;
pub mod number;
pub mod numbering;
pub mod swap;
pub mod report;
pub mod quantity;
pub mod config;
pub mod corpus;
pub mod store;
pub mod passage;
pub mod analysis;
pub mod phrase;
pub mod index;
pub mod query;
pub mod search;
pub mod eval;
pub mod reload;
pub mod key;
pub mod analytics;
pub mod backup;
pub mod agent;
pub mod http;
