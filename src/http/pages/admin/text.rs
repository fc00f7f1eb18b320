//! Everything the owner's page says, in both languages.

use crate::http::pages::lang::Lang;
use crate::http::pages::text::texts;

texts! {
    title: "检索统计", "Search analytics";
    // The way in.
    login_how: "这一页供网站管理者查看读者查什么、查不到什么。请输入有管理权限的密钥；它只用来登录，不会存进浏览器。", "This page tells the site’s owner what readers look for and do not find. Enter a key that may administrate; it only lets you in and is not kept by the browser.";
    login_key: "管理密钥", "Admin key";
    login: "登录", "Sign in";
    logout: "退出", "Sign out";
    login_refused: "没有登录：{why}", "You are not signed in: {why}";
    login_why: "密钥无效，或没有管理权限", "the key is not valid, or may not administrate";
    login_hurried: "试得太频繁，请在 {n} 秒后再试", "too many attempts; try again in {n} seconds";
    login_again: "登录已过期，请重新登录；刚才的改动没有保存", "Your session is over; sign in again. Nothing was changed.";
    signed_in: "以密钥 {key} 登录", "Signed in with the key {key}";
    // The counts.
    range: "时段", "Period";
    today: "今天", "Today";
    last_days: "近 {n} 天", "Last {n} days";
    off: "没有统计：{why}", "Nothing is counted: {why}";
    empty: "这段时间还没有检索。读者检索之后，这里会列出他们查的词、没有结果的词和点选的段落；嵌入其他网站的检索框也计入。", "Nobody has searched in this period. Once readers do, this page lists what they look for, what finds nothing and what they choose; searches from embedded boxes count too.";
    searches: "检索", "Searches";
    without: "无结果", "Without result";
    clicks: "点击", "Clicks";
    click_rate: "每次检索点击", "Clicks per search";
    mean_rank: "平均点击位置", "Mean rank of clicks";
    distinct: "不同的词", "Different queries";
    others: "未列出的检索", "Searches not told apart";
    others_why: "太少见，或像个人信息而不留原文", "too rare, or kept without their words since they look personal";
    share: "{n}，占 {share}", "{n}, {share} of all";
    per_day: "每天的检索次数", "Searches per day";
    chart: "{from} 至 {to} 每天的检索次数，最多一天 {n} 次", "Searches per day from {from} to {to}; {n} on the busiest day";
    as_table: "以表格查看", "As a table";
    day: "日期", "Day";
    top: "查得最多的词", "Top queries";
    zero: "没有结果的词", "Queries without result";
    zero_how: "读者的说法与报告的说法不同时，加一个同义词；该看哪一段已经清楚时，把那一段置顶。", "Where readers say it otherwise than the reports, add a synonym; where it is plain which passage they should see, pin it.";
    zero_none: "没有。", "None.";
    query: "检索词", "Query";
    found: "结果数", "Results";
    act: "处理", "Act";
    act_on: "处理“{query}”", "Act on “{query}”";
    top_passages: "点得最多的段落", "Top passages";
    passage: "段落", "Passage";
    passage_gone: "已不在索引中", "no longer indexed";
    csv: "导出检索词（CSV）", "Export the queries (CSV)";
    // One query.
    about_query: "检索词“{query}”", "The query “{query}”";
    back: "返回统计", "Back to the analytics";
    see_search: "看检索结果", "See the results";
    never: "这段时间没有查过。", "Not asked in this period.";
    synonyms: "同义词", "Synonyms";
    synonyms_in_force: "已有：查“{from}”也找{to}", "In force: “{from}” also finds {to}";
    from: "读者的说法", "Readers say";
    to: "也找（几个词用空格或顿号隔开）", "Also find (several words apart by blanks)";
    one_way: "单向：查前者也找后者", "One way: the first also finds the others";
    two_way: "双向：互相都找", "Both ways: each finds the others";
    add_synonym: "加为同义词", "Add as synonyms";
    proposals: "相近的词，点一下即加为单向同义词", "Words like it; choose one to add it, one way";
    pins: "置顶", "Pinned passages";
    pins_how: "置顶的段落在整个查询与这个词相同时排在最前，不必含有它。", "Pinned passages come first when the whole query is this one; they need not hold it.";
    pin: "置顶", "Pin";
    pinned: "已置顶", "Pinned";
    unpin: "取消置顶", "Unpin";
    pinned_by_hand: "写在 pins.toml 中", "written in pins.toml";
    with: "用别的词找要置顶的段落", "Find passages to pin by other words";
    find: "查找", "Find";
    no_hits: "没有找到段落，请换个词。", "No passages; try other words.";
    // What was added.
    added: "从这里添加的", "Added from here";
    added_none: "还没有。", "Nothing yet.";
    added_on: "{day} 添加", "added {day}";
    added_one_way: "查“{from}”也找{to}", "“{from}” also finds {to}";
    added_two_way: "“{from}”与{to}同义", "“{from}” means the same as {to}";
    added_pin: "“{query}”置顶 {passage}", "“{query}”: {passage} comes first";
    pins_lost: "有些置顶的段落已不在索引中，不起作用；报告改动后编号会变，请改用新的编号或移除：", "Some pinned passages are no longer indexed and do nothing; ids change with their reports, so pin them anew or remove them:";
    pin_lost: "“{query}”的 {passage}", "{passage} of “{query}”";
    remove: "移除", "Remove";
    done_add: "已写入词表，几秒内生效。", "It is in the vocabulary, and in force within seconds.";
    done_remove: "已从词表移除，几秒内生效。", "It is out of the vocabulary, and no longer in force within seconds.";
    failed: "没有改动：{why}", "Nothing was changed: {why}";
    uneditable: "词表不由这个服务跟踪，不能在这里添加。", "This service does not look after the vocabulary, so nothing can be added here.";
    no_words: "请写上至少一个别的词", "give at least one other word";
}

impl Texts {
    /// The texts of a language.
    pub(super) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }
}
