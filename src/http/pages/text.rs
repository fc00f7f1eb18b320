//! Everything the pages themselves say, in both languages, in one place.
//!
//! A text is written once for each language, side by side, so none can be missing in either; that
//! both hold the same placeholders, and each its own script, is tested below. `{n}` and the like
//! are filled in by [`fill`]. Where a count decides between two forms, `|` stands between the one
//! for 1 and the one for all others.

mod filling;
mod refusal;

pub(in crate::http::pages) use filling::{counted, fill, grouped};
pub(super) use refusal::refusal_in_english;

use super::lang::Lang;
use crate::quantity::Class;
use crate::report::{Kind, WarningKind};
use crate::search::{Facet, Sort};

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident: $zh:literal, $en:literal;)+) => {
        /// The texts of one language.
        pub(in crate::http::pages) struct Texts {
            $($(#[doc = $doc])* pub(in crate::http::pages) $name: &'static str,)+
        }

        static ZH: Texts = Texts { $($name: $zh,)+ };
        static EN: Texts = Texts { $($name: $en,)+ };

        /// Name, Chinese and English of each.
        #[cfg(test)]
        pub(in crate::http::pages) const ALL: &[(&str, &str, &str)] =
            &[$((stringify!($name), $zh, $en),)+];
    };
}
pub(in crate::http::pages) use texts;

texts! {
    // The frame of all pages.
    brand: "策搜", "Cesou";
    skip: "跳到正文", "Skip to content";
    box_label: "检索报告", "Search the reports";
    box_hint: "检索各地报告，如 教师交流轮岗", "e.g. 教师交流 or jiaoshi";
    search: "检索", "Search";
    map: "地图", "Map";
    matrix: "矩阵", "Matrix";
    compare: "对比", "Compare";
    about: "关于", "About";
    sections: "栏目", "Sections";
    language: "语言", "Language";
    interface: "数据接口", "API";
    corpus: "共收录 {reports} 篇报告、{passages} 个段落", "{reports} reports, {passages} passages";

    // Suggestions while typing.
    suggestions: "建议", "Suggestions";
    suggested: "{n} 条建议，用上下键选择", "{n} suggestion; use the arrow keys|{n} suggestions; use the arrow keys";
    suggested_region: "地区", "Region";
    suggested_theme: "主题", "Theme";
    suggested_phrase: "词语", "Phrase";
    suggested_heading: "标题", "Heading";

    // How a query may be written.
    syntax: "检索写法", "How to write a query";
    syntax_words: "含有这些词，先后不限；空格和标点都是分隔", "These words, in any order; blanks and punctuation part them";
    syntax_phrase: "这几个字原样连在一起", "Exactly these characters in a row";
    syntax_not: "减号后面的词不能出现", "Not the word after the minus";
    syntax_or: "两个词有一个即可，也可写作 教师|校长", "Either word will do; | means the same";
    syntax_field: "只在报告的地区里找；还有 标题: 和 主题:", "Only in a report’s region; also 标题: (title) and 主题: (theme)";

    // The search page.
    welcome: "检索各地报告中的每一条举措", "Every measure in the reports of China’s regions";
    results: "检索结果", "Search results";
    all_passages: "全部段落", "All passages";
    none_found: "没有找到段落", "No passages found";
    found: "共 {n} 个段落", "{n} passage|{n} passages";
    found_here: "共 {n} 个段落，第 {first}–{last} 个", "{first}–{last} of {n} passage|{first}–{last} of {n} passages";
    found_past: "共 {n} 个段落，没有第 {page} 页", "{n} passage; there is no page {page}|{n} passages; there is no page {page}";
    found_reports: "共 {n} 个段落，分属 {reports} 篇报告，第 {first}–{last} 篇", "{first}–{last} of {reports} reports; {n} passage in all|{first}–{last} of {reports} reports; {n} passages in all";
    matching: "匹配", "Match";
    smart: "智能", "Smart";
    smart_title: "按词语匹配并排序", "By words, the most relevant first";
    exact: "精确", "Exact";
    exact_title: "只找原文中连续出现的字句", "Only what stands in the text exactly as typed";
    sort: "排序", "Sort";
    by_relevance: "相关", "Relevance";
    by_relevance_title: "最相关的在前", "The most relevant first";
    by_region: "地区", "Region";
    by_region_title: "按行政区划代码", "By division code";
    by_document: "原文", "Corpus";
    by_document_title: "按语料中的次序", "As they stand in the corpus";
    by_quantity: "数值", "Figure";
    by_quantity_title: "符合条件的数值大的在前", "The greatest matching figure first";
    by_date: "日期", "Date";
    by_date_title: "新近的在前，没有日期的在后", "The latest first, undated ones last";
    list: "列出", "List";
    ungrouped: "段落", "Passages";
    ungrouped_title: "每个段落单独列出", "Each passage by itself";
    grouped: "报告", "Reports";
    grouped_title: "每篇报告只列出最符合的一段", "Only the best passage of each report";
    in_report: "这篇报告共有 {n} 个段落符合", "{n} passage of this report matches|{n} passages of this report match";
    filters: "筛选", "Filters";
    close: "关闭", "Close";
    chosen: "已选条件", "Chosen filters";
    colon: "：", ": ";
    drop: "去掉这个条件", "Remove this filter";
    clear: "全部清除", "Clear all";
    more_values: "其余 {n} 项", "{n} more|{n} more";
    values_left_out: "另有 {n} 项未列出", "{n} more is not listed|{n} more are not listed";
    parts: "细分 {n} 项", "{n} part|{n} parts";
    unknown_region: "未知地区", "Unknown region";
    date_from: "日期不早于 {date}", "Not before {date}";
    date_to: "日期不晚于 {date}", "Not after {date}";
    year: "{year}年", "{year}";
    missing: "未含：", "Without: ";
    pinned: "置顶", "Pinned";
    pinned_title: "本站为这个检索词选定的段落", "Chosen by this site for these words";
    pages: "分页", "Pages";
    page: "第 {n} 页", "Page {n}";
    previous_page: "上一页", "Previous";
    next_page: "下一页", "Next";
    export: "导出全部结果", "Export all results";
    export_csv: "CSV 表格", "CSV";

    // What a query was taken to mean.
    understood: "系统的理解", "Understood as";
    as_typed: "按原样检索“{from}”", "Search for “{from}” as typed";
    read_pinyin: "拼音", "Pinyin";
    read_typo: "纠错", "Corrected";
    read_synonym: "同义", "Same meaning";
    read_number: "数字", "Number";
    read_quantity: "数值", "Figure";
    read_region: "地区", "Region";
    region_first: "{name} 排在前面", "{name} comes first";
    region_only: "只看{name}", "Only {name}";
    and_others: "等", " and others";
    meant: "您要找的是不是：", "Did you mean ";
    relaxed_none: "没有段落含有全部词语，以下段落含有其中一部分", "No passage has all the words; these have some of them";
    relaxed_some: "含有全部词语的段落有 {n} 个，排在前面；其余含有其中一部分", "{n} passage has all the words and comes first; the rest have some of them|{n} passages have all the words and come first; the rest have some of them";
    truncated: "查询太长，只按其中前面的词检索；要找整段原文，请用精确匹配", "The query is too long, so only its first words were searched for; to find a long text as it stands, use exact matching";
    unmet: "没有段落的数值符合“{what}”，已按原来的字词检索", "No figure meets “{what}”, so its words were searched for";

    // Nothing to show.
    no_reports: "还没有报告。请把报告（.txt）放入语料目录的 reports/ 文件夹，然后重新启动。", "There are no reports yet. Put some (.txt) into the folder reports/ of the corpus and start again.";
    no_match: "没有符合条件的段落。可以换个说法、减少词语，或者：", "Nothing matches. Try other words, or fewer, or:";
    no_page: "这一页没有段落，可以：", "There are no passages on this page. You may:";
    first_page: "回到第一页", "Go to the first page";
    drop_filters: "去掉所有筛选", "Remove all filters";
    use_smart: "改用智能匹配", "Use smart matching";
    browse: "浏览全部段落", "Browse all passages";

    // The map.
    map_title: "各省分布", "By province";
    map_how: "每格是一个省级行政区，数字是符合当前检索的段落数；点一格只看该地区。", "Each tile is a province with the number of matching passages; choose one to see only those.";
    map_legend: "颜色深浅", "Shades";
    map_none: "没有", "None";
    map_tile: "{name}：{n} 个段落", "{name}: {n} passage|{name}: {n} passages";
    map_unplaced: "另有 {n} 个段落的地区不明。", "{n} more passage is of an unknown region.|{n} more passages are of an unknown region.";
    map_list: "按段落数排列", "As a list";
    map_province: "省级行政区", "Province";
    map_passages: "段落数", "Passages";
    see_hits: "看段落", "See the passages";

    // The matrix.
    matrix_title: "对照表", "Matrix";
    rows: "行", "Rows";
    columns: "列", "Columns";
    total: "合计", "Total";
    matrix_empty: "没有可以对照的段落。", "There is nothing to set against each other.";
    matrix_all: "看全部段落的对照表", "See the matrix of all passages";
    matrix_caption: "每格是同时属于该行和该列的段落数", "Each cell counts the passages of both its row and its column";
    matrix_note: "一个段落可以属于几个主题，所以各格之和可能多于合计。", "A passage may bear several themes, so cells may add up to more than the total.";
    matrix_left_out: "{facet}另有 {n} 项未列出", "{facet}: {n} more not shown";
    matrix_found: "“{text}”，共 {n} 个段落", "“{text}”: {n} passage|“{text}”: {n} passages";
    matrix_turned: "行列互换", "Swap rows and columns";
    matrix_zeros: "显示没有段落的行列", "Show empty rows and columns";
    matrix_without_zeros: "不显示没有段落的行列", "Hide empty rows and columns";
    matrix_compare: "对比选中的地区", "Compare the chosen regions";
    matrix_choose: "选择{name}参加对比", "Choose {name} for comparing";
    matrix_link: "省份与主题对照表", "Provinces by theme";

    // Comparing.
    enumerated: "、", ", ";
    compare_title: "地区对比", "Compare regions";
    compare_of: "{names} 对比", "{names} compared";
    compare_describe: "{names}：按主题并排对比各自的举措。", "{names}: their measures side by side, by theme.";
    compare_how: "选两到五个地区，按主题把各自的举措并排列出；内容相近的排在同一行。", "Choose two to five regions to see their measures side by side, by theme; those about the same stand in one row.";
    compare_one: "再选一个地区，就可以对比了。", "Choose one more region to compare it with.";
    compare_wrong: "“{value}”不能参加对比，应为：{allowed}", "“{value}” cannot be compared; it should be: {allowed}";
    compare_sides: "参加对比的地区和报告", "Regions and reports that are compared";
    compare_drop: "从对比中去掉", "Remove from the comparison";
    compare_more: "添加地区", "Add a region";
    compare_region: "地区", "Region";
    compare_hint: "名称或区划代码", "Name in Chinese, or code";
    compare_add: "加入", "Add";
    compare_start: "开始对比", "Compare";
    compare_found: "共 {n} 条举措", "{n} measure|{n} measures";
    compare_found_of: "“{text}”，共 {n} 条举措", "“{text}”: {n} measure|“{text}”: {n} measures";
    compare_count: "{n} 条", "{n} measure|{n} measures";
    compare_count_of: "{n} 条，{reports}", "{n} measure, {reports}|{n} measures, {reports}";
    compare_reports: "{n} 篇报告", "{n} report|{n} reports";
    compare_export: "导出对比", "Export";
    compare_none: "没有符合条件的举措。可以换个说法，或去掉一些条件。", "No measure matches. Try other words, or remove some filters.";
    compare_contents: "涉及的主题", "Themes";
    compare_together: "内容相近的举措", "Measures about the same";
    compare_shared: "都提到：", "All mention: ";
    compare_rest: "其余举措", "Other measures";
    compare_silent: "没有相关举措", "Nothing on this";
    compare_unlisted: "另有 {n} 条", "{n} more|{n} more";
    compare_no_theme: "未归入主题", "Without a theme";
    compare_report: "与其他地区对比", "Compare with others";

    // About the corpus.
    about_site: "策搜：检索全国各地报告中的每一条举措，按省份和主题筛选、对照、引用。", "Cesou: search every measure in the reports of China’s regions; filter by province and theme, compare, cite.";
    about_title: "关于本站语料", "About the corpus";
    about_dataset: "各地报告与举措", "Reports of China’s regions and their measures";
    about_lead: "收录 {reports} 篇报告，切分为 {passages} 个段落；索引建于 {built}。", "{reports} reports, cut into {passages} passages; indexed {built}.";
    about_time: "{time}（{zone}）", "{time} ({zone})";
    about_part: "这里只计入您的密钥可以查看的报告；建立索引时的提示不在其列。", "Only the reports that your key lets you see are counted here; remarks of the build are left out.";
    about_what: "收录内容", "What is indexed";
    about_reports: "报告", "Reports";
    about_passages: "段落", "Passages";
    about_measures: "举措", "Measures";
    about_characters: "字数", "Characters";
    about_files: "来源文件", "Source files";
    about_regions: "地区", "Regions";
    about_region_counts: "{provinces} 个省级、{cities} 个地级、{counties} 个县级", "{provinces} of province, {cities} of city, {counties} of county level";
    about_unknown: "；{n} 篇报告的地区不明", "; the region of {n} report is unknown|; the region of {n} reports is unknown";
    about_years: "报告年份", "Years of the reports";
    about_days: "报告日期", "Days of the reports";
    about_dated: "{range}（{n} 篇有日期）", "{range} ({n} are dated)";
    about_issuers: "发文机关", "Issuers";
    about_built: "索引建于", "Indexed";
    about_generation: "索引代号", "Generation";
    about_provinces: "各省份", "By province";
    about_count: "{n} 段", "{n} passage|{n} passages";
    about_settings: "检索方式", "How searching is set";
    about_cut: "段落长度", "Length of a passage";
    about_cut_at: "超过 {n} 字的举措在段落或句子之间切开", "a measure of more than {n} characters is cut between paragraphs or sentences|a measure of more than {n} characters is cut between paragraphs or sentences";
    about_relaxing: "补充结果", "Further results";
    about_relaxed_below: "含全部词语的段落不足 {n} 个时，后面补上含一部分词语的", "where fewer than {n} passage has all the words, those with some of them follow|where fewer than {n} passages have all the words, those with some of them follow";
    about_never_relaxed: "只列含全部词语的段落", "only passages with all the words are listed";
    about_synonyms: "同义词", "Synonyms";
    about_synonym_counts: "{groups} 组，{rules} 条", "{groups} groups, {rules} rules";
    about_themes: "主题数", "Themes";
    about_depth: "翻页深度", "Paging";
    about_depth_of: "至多翻到第 {n} 条，要全部结果请导出", "up to hit {n}; export to get all|up to hit {n}; export to get all";
    about_build: "上次建立索引", "The last build";
    about_files_read: "读取的文件", "Files read";
    about_bytes: "文件大小", "Their size";
    about_files_skipped: "跳过的文件", "Files skipped";
    about_warnings: "注意事项", "Remarks";
    about_boilerplate: "略去的套语", "Boilerplate left out";
    about_lines: "{n} 行", "{n} line|{n} lines";
    about_took: "用时", "Time taken";
    about_vocabulary: "词表的问题（仍用上次正确的版本）", "Faults of the vocabulary (the last good version is in force)";
    about_show_warnings: "逐条查看", "Show each";
    about_line: "{source} 第 {line} 行", "{source}, line {line}";
    about_unlisted: "另有 {n} 条，见 cesou index --json", "{n} more; see cesou index --json|{n} more; see cesou index --json";
    about_rules: "套语规则及略去的行数", "Boilerplate rules, and the lines each left out";
    about_machines: "供程序使用", "For programs";
    about_csv: "全部段落（CSV）", "All passages (CSV)";
    about_jsonl: "全部段落（JSONL）", "All passages (JSONL)";
    about_feed: "订阅（Atom）", "Feed (Atom)";
    about_sitemap: "站点地图", "Sitemap";
    about_widget: "嵌入其他网站", "Embed in other sites";
    warning_unknown_region: "地区不明", "Unknown region";
    warning_ambiguous_region: "地区重名", "Ambiguous region";
    warning_measure_number: "编号不连续", "Numbers out of order";
    warning_cleaned: "清理了字符", "Characters cleaned";
    warning_no_title: "没有标题", "No title";
    warning_incomplete: "没有读全", "Not read in full";
    warning_record: "略去的记录", "Records left out";
    warning_side_file: "附注文件有误", "Faulty side file";
    warning_several_reports: "一份中有几个标题", "Several titles in one report";

    // Descriptions for machines.
    describe_search: "“{text}”：{found}。", "“{text}”: {found}.";

    // A passage and a report.
    back: "返回检索结果", "Back to the results";
    original: "原文链接", "Original";
    why: "主题与依据", "Themes, and the words that decided";
    similar: "其他地区的相似段落", "Similar passages elsewhere";
    near_duplicate: "文字几乎相同", "Nearly the same text";
    shared: "同有：{terms}", "Both have: {terms}";
    citation: "引用", "Cite";
    permalink: "永久链接", "Permalink";
    copy: "复制", "Copy";
    copied: "已复制", "Copied";
    neighbours: "前后段落", "Neighbouring passages";
    previous: "上一段", "Previous";
    next: "下一段", "Next";
    this_report: "本报告", "This report";
    measures: "本报告的举措", "Measures of this report";
    figures: "本段数值", "Figures of this passage";
    figure_text: "原文", "As written";
    figure_of: "所指", "Of";
    figure_class: "类别", "Kind";
    figure_value: "折算", "Value";
    figure_about: "约", "about";
    figure_over: "超过", "over";
    figure_less: "不足", "under";
    figure_at_least: "不少于", "at least";
    figure_at_most: "不超过", "at most";
    figure_rise: "增加", "rise";
    figure_fall: "减少", "fall";
    figure_per_person: "人均", "per person";
    figure_per_unit: "单价或单位量", "per unit";
    and: "，", ", ";
    number: "序号", "No.";
    heading: "举措", "Measure";
    themes: "主题", "Themes";
    characters: "字数", "Length";
    report_facts: "{passages} 个段落，{characters} 字", "{passages} passages, {characters} characters";
    source: "来源：{source}", "Source: {source}";
    part: "{number}（{part}/{parts}）", "{number} ({part}/{parts})";
    attachment: "附{number}", "Att. {number}";

    // What figures measure.
    class_money: "金额", "Money";
    class_foreign_money: "外币金额", "Foreign money";
    class_people: "人数", "People";
    class_visits: "人次", "Visits";
    class_households: "户数", "Households";
    class_places: "学位、床位等", "Places";
    class_schools: "所数", "Institutions";
    class_count: "数量", "Count";
    class_area: "面积", "Area";
    class_length: "长度", "Length";
    class_mass: "重量", "Mass";
    class_volume: "体积", "Volume";
    class_power: "功率", "Power";
    class_energy: "电量", "Energy";
    class_duration: "时长", "Duration";
    class_share: "占比", "Share";
    class_growth: "增幅", "Growth";
    class_points: "百分点", "Points";
    class_multiple: "倍数", "Multiple";

    // Fields and their values.
    province: "省份", "Province";
    city: "城市", "City";
    county: "区县", "County";
    theme: "主题", "Theme";
    kind: "类型", "Type";
    report: "报告", "Report";
    years: "年份", "Year";
    issuer: "发文机关", "Issuer";
    overview: "概述", "Overview";
    measure: "举措", "Measure";
    annex: "附件", "Attachment";

    // Refusals.
    refusal_home: "回到首页", "Go to the first page";
    refusal_parameter: "参数无效", "A parameter is not right";
    refusal_not_found: "没有找到", "Not found";
    refusal_key: "需要密钥", "A key is needed";
    refusal_busy: "服务繁忙", "The service is busy";
    refusal_method: "方法不允许", "Method not allowed";
    refusal_internal: "内部错误", "Something went wrong here";
}

impl Texts {
    /// The texts of a language.
    pub(super) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }

    /// A kind of remark that a build makes.
    pub(super) fn warning(&self, kind: WarningKind) -> &'static str {
        match kind {
            WarningKind::UnknownRegion => self.warning_unknown_region,
            WarningKind::AmbiguousRegion => self.warning_ambiguous_region,
            WarningKind::MeasureNumber => self.warning_measure_number,
            WarningKind::Cleaned => self.warning_cleaned,
            WarningKind::NoTitle => self.warning_no_title,
            WarningKind::Incomplete => self.warning_incomplete,
            WarningKind::Record => self.warning_record,
            WarningKind::SideFile => self.warning_side_file,
            WarningKind::SeveralReports => self.warning_several_reports,
        }
    }

    /// A field's name.
    pub(super) fn facet(&self, facet: Facet) -> &'static str {
        match facet {
            Facet::Province => self.province,
            Facet::City => self.city,
            Facet::County => self.county,
            Facet::Theme => self.theme,
            Facet::Kind => self.kind,
            Facet::Report => self.report,
            Facet::Year => self.years,
            Facet::Issuer => self.issuer,
        }
    }

    /// What part of a report a passage is.
    pub(super) fn part_of_report(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Overview => self.overview,
            Kind::Measure => self.measure,
            Kind::Attachment => self.annex,
        }
    }

    /// What a figure measures.
    pub(super) fn class(&self, class: Class) -> &'static str {
        match class {
            Class::Money => self.class_money,
            Class::ForeignMoney => self.class_foreign_money,
            Class::People => self.class_people,
            Class::Visits => self.class_visits,
            Class::Households => self.class_households,
            Class::Places => self.class_places,
            Class::Schools => self.class_schools,
            Class::Count => self.class_count,
            Class::Area => self.class_area,
            Class::Length => self.class_length,
            Class::Mass => self.class_mass,
            Class::Volume => self.class_volume,
            Class::Power => self.class_power,
            Class::Energy => self.class_energy,
            Class::Duration => self.class_duration,
            Class::Share => self.class_share,
            Class::Growth => self.class_growth,
            Class::Points => self.class_points,
            Class::Multiple => self.class_multiple,
        }
    }

    /// An order of hits, and what it puts first.
    pub(super) fn order(&self, sort: Sort) -> (&'static str, &'static str) {
        match sort {
            Sort::Relevance => (self.by_relevance, self.by_relevance_title),
            Sort::Region => (self.by_region, self.by_region_title),
            Sort::Document => (self.by_document, self.by_document_title),
            Sort::Quantity => (self.by_quantity, self.by_quantity_title),
            Sort::Date => (self.by_date, self.by_date_title),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;
    use crate::http::pages::admin::text::ALL as OF_OWNER;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
            .collect()
    }

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn every_text_is_there_in_both_languages_and_each_in_its_own() {
        // Punctuation is of neither script.
        let bare = [
            "colon",
            "part",
            "and",
            "enumerated",
            "about_time",
            "describe_search",
        ];
        // What an English text quotes in Chinese: what a query may hold.
        let quoting = ["syntax_field", "box_hint"];
        for (name, zh, en) in ALL.iter().chain(OF_OWNER) {
            assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{name}");
            assert!(
                is_chinese(zh) || bare.contains(name),
                "{name} in Chinese: {zh}"
            );
            let is_plain = !is_chinese(en) || quoting.contains(name);
            assert!(is_plain, "{name} in English: {en}");
            assert_ne!(zh, en, "{name} is not translated");
        }
    }

    #[test]
    fn both_languages_have_the_same_to_fill_in() {
        for (name, zh, en) in ALL.iter().chain(OF_OWNER) {
            let forms: Vec<&str> = zh.split('|').chain(en.split('|')).collect();
            // 教师|校长 is how a query is written.
            if name.starts_with("syntax_") {
                continue;
            }
            for form in &forms {
                assert_eq!(placeholders(form), placeholders(zh), "{name}: {form}");
            }
        }
    }
}
