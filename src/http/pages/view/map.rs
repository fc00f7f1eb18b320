//! The hits by province, as tiles where the provinces lie.

use askama::Template;

use super::Chip;
use super::facets::{self, FacetView};
use super::search::{Asked, corpus};
use super::understood::Reading;
use crate::http::pages::frame::{Frame, Section};
use crate::http::pages::lang::Lang;
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, counted, grouped};
use crate::http::pages::visit::Visit;
use crate::index::{Snapshot, UNKNOWN_REGION};
use crate::region::TILES;
use crate::search::{Facet, Request, Response};

/// The shades of tiles with hits.
const SHADES: u64 = 5;

/// The map page.
#[derive(Template)]
#[template(path = "map.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct MapPage {
    frame: Frame,
    t: &'static Texts,
    facets: Vec<FacetView>,
    chosen: usize,
    summary: String,
    /// The hits themselves.
    hits: String,
    chips: Vec<Chip>,
    clear: String,
    readings: Vec<Reading>,
    meant: Option<(String, String)>,
    notices: Vec<String>,
    tiles: Vec<TileView>,
    /// Each shade with the counts it stands for.
    legend: Vec<(u64, String)>,
    /// The hits of no known region.
    unplaced: Option<(String, String)>,
    /// Every province by its count.
    list: Vec<ProvinceLine>,
    corpus: String,
}

/// A province in the list: its name, in English before it where the page is, and its hits.
struct ProvinceLine {
    english: Option<&'static str>,
    name: &'static str,
    count: String,
    url: String,
}

struct TileView {
    row: u8,
    column: u8,
    short: &'static str,
    english: Option<&'static str>,
    title: String,
    count: u64,
    shown_count: String,
    shade: u64,
    chosen: bool,
    url: String,
}

impl MapPage {
    pub(in crate::http::pages) fn new(
        snapshot: &Snapshot,
        request: &Request,
        response: &Response,
        visit: &Visit,
    ) -> Self {
        let t = Texts::of(visit.lang);
        let links = Links::new("/map", visit);
        let Asked {
            chips,
            readings,
            meant,
            notices,
        } = Asked::new(request, response, &links, t);
        let provinces = response.facets.get(&Facet::Province);
        let counted_of = |name: &str| {
            let mut values = provinces.into_iter().flatten();
            values.find(|value| value.value == name)
        };
        let of = |name: &str| links.narrowed(&[(Facet::Province, name)]);
        let most = TILES
            .iter()
            .filter_map(|tile| Some(counted_of(tile.name)?.count))
            .max()
            .unwrap_or(0);
        let tiles: Vec<TileView> = TILES
            .iter()
            .map(|tile| {
                let value = counted_of(tile.name);
                let count = value.map_or(0, |value| value.count);
                let english = (visit.lang == Lang::En).then_some(tile.english);
                let name = english.unwrap_or(tile.name);
                TileView {
                    row: tile.row,
                    column: tile.column,
                    short: tile.short,
                    english,
                    title: counted(t.map_tile, count, &[("name", name)]),
                    count,
                    shown_count: grouped(count),
                    shade: shade(count, most),
                    chosen: value.is_some_and(|value| value.selected),
                    url: of(tile.name),
                }
            })
            .collect();
        let mut by_count: Vec<_> = TILES.iter().zip(&tiles).collect();
        by_count.sort_by_key(|(_, view)| std::cmp::Reverse(view.count));
        let list = by_count
            .into_iter()
            .map(|(tile, view)| ProvinceLine {
                english: view.english,
                name: tile.name,
                count: view.shown_count.clone(),
                url: view.url.clone(),
            })
            .collect();
        let text = request.text.trim();
        let total = response.total as u64;
        Self {
            frame: Frame::new(visit, Some(Section::Map), &title(text, t)),
            t,
            facets: facets::views(request, response, &links, t)
                .into_iter()
                .filter(|view| view.facet != Facet::Province)
                .collect(),
            chosen: chips.len(),
            summary: if text.is_empty() {
                counted(t.found, total, &[])
            } else {
                counted(t.matrix_found, total, &[("text", text)])
            },
            hits: links.narrowed(&[]),
            chips,
            clear: links.unfiltered(),
            readings,
            meant,
            notices,
            tiles,
            legend: legend(most, t),
            unplaced: counted_of(UNKNOWN_REGION)
                .filter(|value| value.count > 0)
                .map(|value| {
                    (
                        counted(t.map_unplaced, value.count, &[]),
                        of(UNKNOWN_REGION),
                    )
                }),
            list,
            corpus: corpus(snapshot, t),
        }
    }
}

fn title(text: &str, t: &Texts) -> String {
    if text.is_empty() {
        t.map_title.to_owned()
    } else {
        format!("{text} - {}", t.map_title)
    }
}

/// The greatest count of a shade. Counts are spread unevenly, a few provinces holding most, so
/// shades go by the square: those of few hits are told apart as well as those of many.
fn greatest(shade: u64, most: u64) -> u64 {
    most * shade * shade / (SHADES * SHADES)
}

/// The shade of a count: 0 for none, up to [`SHADES`] for the greatest there is.
fn shade(count: u64, most: u64) -> u64 {
    if count == 0 {
        return 0;
    }
    (1..SHADES)
        .find(|&shade| count <= greatest(shade, most))
        .unwrap_or(SHADES)
}

/// The shades in use, each with the counts it stands for.
fn legend(most: u64, t: &Texts) -> Vec<(u64, String)> {
    let mut legend = vec![(0, t.map_none.to_owned())];
    for shade in 1..=SHADES {
        let from = greatest(shade - 1, most) + 1;
        let to = greatest(shade, most);
        if from == to {
            legend.push((shade, grouped(from)));
        } else if from < to {
            legend.push((shade, format!("{}–{}", grouped(from), grouped(to))));
        }
    }
    legend
}

#[cfg(test)]
mod tests {
    use super::{SHADES, greatest, shade};

    #[test]
    fn every_count_has_the_shade_whose_range_it_is_in() {
        for most in [1, 2, 5, 24, 25, 1000] {
            assert_eq!(shade(0, most), 0);
            assert_eq!(shade(most, most), SHADES);
            for count in 1..=most {
                let shade = shade(count, most);
                assert!(count <= greatest(shade, most), "{count} of {most}");
                assert!(count > greatest(shade - 1, most), "{count} of {most}");
            }
        }
    }
}
