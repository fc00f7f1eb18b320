//! Resolves names to the administrative divisions of China, current and former (GB/T 2260).
//!
//! Readers narrow by province, city and county, while a report says only 芦溪县, 沈阳和平区 or
//! 恩施州. One embedded table turns each of these into the same three levels and a code, and says
//! so when a name fits several places, or none: a passage under no region can be put right, one
//! under the wrong region misleads.
//!
//! A *chain* is province, city and county in descending order, any of them left out. Invariant:
//! the full chain of every division in the table resolves to that division, and a chain whose
//! parts contradict each other to none (`tests/regions.rs`).

mod chain;
mod mention;
mod names;
mod office;
mod table;
mod tiles;

use serde::{Deserialize, Serialize};

use crate::fold::fold;
use chain::Folded;
use names::Level;
use table::TABLE;

pub use mention::{Mention, mentions};
pub use office::{given, is_national_congress, of_mark, of_office};
pub use tiles::{TILES, Tile};

/// A division, or a name that resolves to none.
///
/// Levels hold full names as of the division's last year. A county that belongs directly to its
/// province (仙桃市, 石河子市), or to a municipality (北京市海淀区), has no city.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Region {
    /// The name as it was written, without blanks around it.
    pub name: String,
    /// The full name of the province, autonomous region, municipality or special region.
    pub province: Option<String>,
    /// The full name of the prefecture-level division.
    pub city: Option<String>,
    /// The full name of the county-level division.
    pub county: Option<String>,
    /// The GB/T 2260 code, six digits.
    pub code: Option<String>,
}

impl Region {
    /// A name that resolves to no division.
    #[must_use]
    pub fn unknown(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            province: None,
            city: None,
            county: None,
            code: None,
        }
    }

    /// Whether the name resolved to a division.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.code.is_some()
    }

    /// The levels present, joined: 江西省萍乡市芦溪县. The name as written where it is unknown.
    #[must_use]
    pub fn full_name(&self) -> String {
        let mut full = String::new();
        for (_, name) in self.levels() {
            full.push_str(name);
        }
        if full.is_empty() {
            full.clone_from(&self.name);
        }
        full
    }

    /// Every name a reader may type for the region and its parents, full forms before short ones,
    /// from the province down: 江西省, 江西, 萍乡市, 萍乡, 芦溪县, 芦溪.
    ///
    /// Short forms are among them that are everyday words as well (和平 for 和平区), but for those
    /// that nobody says of the division (资源 for 资源县).
    #[must_use]
    pub fn search_names(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for (level, name) in self.levels() {
            all.push(name.to_owned());
            for (form, _) in names::short_forms(level, name) {
                if !all.contains(&form) && TABLE.holds(&form) {
                    all.push(form);
                }
            }
        }
        if all.is_empty() {
            all.push(self.name.clone());
        }
        all
    }

    fn levels(&self) -> impl Iterator<Item = (Level, &str)> {
        [
            (Level::Province, self.province.as_deref()),
            (Level::City, self.city.as_deref()),
            (Level::County, self.county.as_deref()),
        ]
        .into_iter()
        .filter_map(|(level, name)| name.map(|name| (level, name)))
    }
}

/// What a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Exactly one division.
    Known(Region),
    /// Two or more divisions, by code: 鼓楼区 is in four cities.
    Ambiguous(Vec<Region>),
    /// No division, or levels that contradict each other (河北省和平区).
    Unknown,
}

/// Resolves a string that is a region's name as a whole, with or without its parents.
///
/// Blanks and separators (· - / and the like) inside it, full width and traditional characters do
/// not matter. Where several divisions fit:
///
/// 1. a name with its suffix wins over one without (沙县 is the county it was, not 沙县区);
/// 2. then one that holds the name today over one that held it formerly, the full name over the
///    short (吉林市 is the city), and a province or prefecture over a county (吉林 is the province);
/// 3. the same name at the same place under successive codes is one division, the latest;
/// 4. a short name that is an everyday word as well (朝阳) is not decided by its level.
///
/// What then still fits several divisions is [`Resolution::Ambiguous`].
#[must_use]
pub fn resolve(name: &str) -> Resolution {
    let written = name.trim();
    chain::whole(&Folded::joined(written))
        .map_or(Resolution::Unknown, |found| chain::settle(&found, written))
}

/// Whether a name that the table may not hold ends as divisions do: 省 市 区 县 州 盟 旗.
///
/// Words such as 社区, 城市 and 各县 are not names of divisions.
#[must_use]
pub fn ends_like_a_division(name: &str) -> bool {
    const OTHER_WORDS: [&str; 30] = [
        "社区",
        "校区",
        "学区",
        "山区",
        "灾区",
        "景区",
        "小区",
        "片区",
        "库区",
        "牧区",
        "辖区",
        "军区",
        "战区",
        "农区",
        "林牧区",
        "市区",
        "县区",
        "城市",
        "都市",
        "超市",
        "股市",
        "上市",
        "门市",
        "夜市",
        "县市",
        "省市",
        "市县",
        "区县",
        "强县",
        "国旗",
    ];
    const DETERMINERS: [char; 14] = [
        '各', '全', '我', '本', '该', '两', '某', '外', '一', '多', '每', '跨', '贫', '大',
    ];
    let folded: String = name.trim().chars().filter_map(fold).collect();
    let length = folded.chars().count();
    let Some(last) = folded.chars().next_back() else {
        return false;
    };
    (2..=20).contains(&length)
        && matches!(last, '省' | '市' | '区' | '县' | '州' | '盟' | '旗')
        && folded.chars().all(chain::is_ideograph)
        && !OTHER_WORDS.iter().any(|word| folded.ends_with(word))
        && !(length <= 3 && folded.starts_with(DETERMINERS) && !TABLE.holds(&folded))
}
