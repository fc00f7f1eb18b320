//! The map: every province at its place, each count that of the search it leads to.

use super::{page, total, unescaped, visit};
use crate::support::SERVICE;

/// A tile: where it leads, what it is called, its count.
fn tiles(html: &str) -> Vec<(String, String, u64)> {
    let parsed = scraper::Html::parse_document(html);
    let all = |selector: &str| scraper::Selector::parse(selector).expect("a selector");
    parsed
        .select(&all(".tiles > li > a"))
        .map(|tile| {
            let count = tile.select(&all("data")).next().expect("a count");
            let shown: String = count.text().collect();
            let count = count.attr("value").expect("a value");
            assert_eq!(shown.replace(',', ""), count, "the count can be read");
            let name = tile.select(&all("span")).next().expect("a name");
            (
                tile.attr("href").expect("an address").to_owned(),
                name.text().collect(),
                count.parse().expect("a count"),
            )
        })
        .collect()
}

#[test]
fn every_province_is_there_and_counts_as_its_search_does() {
    for query in [
        "",
        "?q=%E6%95%99%E8%82%B2",
        "?q=%E5%AD%A6%E6%A0%A1&match=exact&theme=teachers",
    ] {
        let path = format!("/map{query}");
        let tiles = tiles(&page(&path));
        assert_eq!(tiles.len(), 34, "{path}");
        let mut some = 0;
        for (url, name, count) in tiles {
            assert_eq!(total(&page(&url)), count, "{path}: {name}");
            some += u64::from(count > 0);
        }
        assert!(some > 5, "{path}");
    }
}

#[test]
fn a_province_that_is_chosen_is_marked_and_the_others_keep_their_counts() {
    let all = tiles(&page("/map?q=%E6%95%99%E8%82%B2"));
    let html = page("/map?q=%E6%95%99%E8%82%B2&province=%E5%B1%B1%E8%A5%BF%E7%9C%81");
    let counts = |tiles: &[(String, String, u64)]| -> Vec<u64> {
        tiles.iter().map(|(_, _, count)| *count).collect()
    };
    assert_eq!(counts(&tiles(&html)), counts(&all));
    let chosen: Vec<&str> = html
        .split("<li class=\"r")
        .skip(1)
        .filter(|tile| tile.contains("aria-current=\"true\""))
        .collect();
    assert_eq!(chosen.len(), 1);
    assert!(unescaped(chosen.concat().as_str()).contains("山西"));
}

#[test]
fn what_the_map_has_no_use_for_is_refused() {
    for query in [
        "page=2",
        "per_page=5",
        "sort=region",
        "group=report",
        "facets=theme",
    ] {
        let answer = visit(&SERVICE, &format!("/map?{query}"));
        assert_eq!(answer.status, 400, "{query}");
    }
}
