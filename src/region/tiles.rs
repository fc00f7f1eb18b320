//! The provinces as tiles of one size, each about where it lies: a map that every province can be
//! read on, whatever its area.
//!
//! Codes are of GB/T 2260. The arrangement is our own: nine rows of up to seven, north at the top;
//! neighbours stay neighbours as far as that goes. Names are those of the gazetteer, which a test
//! below holds.

/// A province at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its code.
    pub code: &'static str,
    /// Its full name, as reports are filtered by.
    pub name: &'static str,
    /// Its short name.
    pub short: &'static str,
    /// Its name in English.
    pub english: &'static str,
    /// Its row, from 1 at the top.
    pub row: u8,
    /// Its column, from 1 at the left.
    pub column: u8,
}

/// Every province-level division, row by row.
pub const TILES: [Tile; 34] = [
    tile("230000", "黑龙江省", "黑龙江", "Heilongjiang", 1, 7),
    tile("150000", "内蒙古自治区", "内蒙古", "Inner Mongolia", 2, 6),
    tile("220000", "吉林省", "吉林", "Jilin", 2, 7),
    tile("110000", "北京市", "北京", "Beijing", 3, 6),
    tile("210000", "辽宁省", "辽宁", "Liaoning", 3, 7),
    tile("650000", "新疆维吾尔自治区", "新疆", "Xinjiang", 4, 1),
    tile("620000", "甘肃省", "甘肃", "Gansu", 4, 2),
    tile("140000", "山西省", "山西", "Shanxi", 4, 4),
    tile("130000", "河北省", "河北", "Hebei", 4, 5),
    tile("120000", "天津市", "天津", "Tianjin", 4, 6),
    tile("540000", "西藏自治区", "西藏", "Tibet", 5, 1),
    tile("630000", "青海省", "青海", "Qinghai", 5, 2),
    tile("640000", "宁夏回族自治区", "宁夏", "Ningxia", 5, 3),
    tile("610000", "陕西省", "陕西", "Shaanxi", 5, 4),
    tile("410000", "河南省", "河南", "Henan", 5, 5),
    tile("370000", "山东省", "山东", "Shandong", 5, 6),
    tile("510000", "四川省", "四川", "Sichuan", 6, 2),
    tile("500000", "重庆市", "重庆", "Chongqing", 6, 3),
    tile("420000", "湖北省", "湖北", "Hubei", 6, 4),
    tile("340000", "安徽省", "安徽", "Anhui", 6, 5),
    tile("320000", "江苏省", "江苏", "Jiangsu", 6, 6),
    tile("310000", "上海市", "上海", "Shanghai", 6, 7),
    tile("530000", "云南省", "云南", "Yunnan", 7, 2),
    tile("520000", "贵州省", "贵州", "Guizhou", 7, 3),
    tile("430000", "湖南省", "湖南", "Hunan", 7, 4),
    tile("360000", "江西省", "江西", "Jiangxi", 7, 5),
    tile("330000", "浙江省", "浙江", "Zhejiang", 7, 6),
    tile("450000", "广西壮族自治区", "广西", "Guangxi", 8, 4),
    tile("440000", "广东省", "广东", "Guangdong", 8, 5),
    tile("350000", "福建省", "福建", "Fujian", 8, 6),
    tile("710000", "台湾省", "台湾", "Taiwan", 8, 7),
    tile("460000", "海南省", "海南", "Hainan", 9, 4),
    tile("820000", "澳门特别行政区", "澳门", "Macao", 9, 5),
    tile("810000", "香港特别行政区", "香港", "Hong Kong", 9, 6),
];

const fn tile(
    code: &'static str,
    name: &'static str,
    short: &'static str,
    english: &'static str,
    row: u8,
    column: u8,
) -> Tile {
    Tile {
        code,
        name,
        short,
        english,
        row,
        column,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TILES;
    use crate::region::{Resolution, resolve};

    #[test]
    fn every_province_has_a_place_of_its_own_and_its_name() {
        let mut places = BTreeSet::new();
        let mut codes = BTreeSet::new();
        for tile in TILES {
            assert!((1..=9).contains(&tile.row) && (1..=7).contains(&tile.column));
            assert!(places.insert((tile.row, tile.column)), "{tile:?}");
            assert!(codes.insert(tile.code), "{tile:?}");
            assert!(tile.name.starts_with(tile.short), "{tile:?}");
            let Resolution::Known(region) = resolve(tile.name) else {
                panic!("{} is not in the gazetteer", tile.name);
            };
            assert_eq!(region.code.as_deref(), Some(tile.code));
            assert_eq!(region.province.as_deref(), Some(tile.name));
        }
        let order: Vec<(u8, u8)> = TILES.iter().map(|tile| (tile.row, tile.column)).collect();
        assert!(order.is_sorted(), "they are read row by row");
    }
}
