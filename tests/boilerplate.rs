//! The rules of what is left out: the file, its mistakes, and what they take and leave.

use cesou::corpus::{self, Given, Rules};

/// The lines of a text that are left out, with their rules.
fn dropped(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for report in corpus::reports("a.txt", text).0 {
        for line in &report.boilerplate {
            all.push((line.rule.clone(), line.range.of(&report.text).to_owned()));
        }
    }
    all
}

/// A page: its head, its text, its foot.
fn page(head: &str, foot: &str) -> String {
    format!(
        "{head}\n成都市教育局关于开学的通知\n\n各学校：\n一、做好开学工作，确保学生按时到校。\n二、加强安全教育。\n{foot}"
    )
}

#[test]
fn the_shipped_rules_are_understood() {
    let text = include_str!("../corpus/boilerplate.toml");
    let rules = Rules::from_toml(text).unwrap_or_else(|error| panic!("{error}"));
    assert!(rules.names().len() >= 10, "{:?}", rules.names());
    assert_eq!(rules.names(), Rules::default().names());
}

#[test]
fn furniture_of_pages_is_left_out() {
    for line in [
        "打印 收藏 下载",
        "【字号：大 中 小】",
        "字体：[大] [中] [小] 打印本页 关闭窗口",
        "分享到：",
        "浏览次数：1234",
        "【打印】【关闭】",
        "微信 微博 QQ空间",
        "您当前的位置：首页 > 政务公开 > 通知公告",
        "首页 > 政务公开 > 通知公告",
    ] {
        for text in [page(line, ""), page("", line)] {
            let found = dropped(&text);
            let found: Vec<&str> = found.iter().map(|(_, line)| line.as_str()).collect();
            if !line.starts_with("首页") || text.starts_with("首页") {
                assert_eq!(found, [line]);
            }
        }
    }
    for line in [
        "来源：四川日报",
        "来源 : 南方日报",
        "发布时间：2024-01-02 10:30　来源：市教育局　作者：张三",
        "索 引 号：000014348/2015-00102",
        "发文机关：国务院办公厅",
        "【发布部门】国务院办公厅 【发文字号】国办发〔2015〕71号",
        "中央政府门户网站　www.gov.cn　2006年02月23日 14时52分　来源：人民网",
        "北大法宝【法宝引证码】 CLI.12.1201081",
        "原文链接：https://www.example.org/lar/1.html",
    ] {
        let found = dropped(&page(line, ""));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
    }
    for line in [
        "上一篇：关于放假的通知",
        "主办单位：某市人民政府 网站标识码：5101000001 蜀ICP备10000001号",
        "Copyright © 2024 某市人民政府 版权所有",
        "（责任编辑：张三）",
        "本文转载于互联网，如有侵权请联系删除。",
        "扫一扫在手机打开当前页",
    ] {
        let found = dropped(&page("", line));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
    }
}

#[test]
fn sentences_and_fields_of_a_report_stay() {
    for line in [
        "主办单位：省交通运输厅，各州、市人民政府",
        "时间：2017年4月27日上午8:00",
        "来源：市财政拨款",
        "地点：合肥市第七中学",
        "下载安装学生端",
        "打印材料一式三份。",
        "分享经验。",
        "大",
        "责任单位：市教育局",
        "联系人：张三",
        "版权教育纳入课程，转变观念，加强保护。",
        "各校要注明出处。",
    ] {
        let text = page("", "").replace("二、加强", &format!("{line}\n二、加强"));
        assert_eq!(dropped(&text), [], "{line}");
    }
}

#[test]
fn a_title_that_stands_again_is_left_out_once_read() {
    let text = "成都市教育局关于印发《美育工作实施办法》的通知\n成都市教育局关于印发\n《美育工作实施办法》的通知\n成教发〔2016〕5号\n\n各学校：\n现印发给你们。\n\n附件\n成都市教育局关于印发《美育工作实施办法》的通知\n办法如下。";
    let found = dropped(text);
    let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["repeated-title"]);
    assert!(found[0].1.ends_with("的通知"), "the last of them stays");
}

#[test]
fn the_rules_are_the_owners() {
    let rules = Rules::from_toml(
        "[[rule]]\nname = \"slogan\"\nonly = [\"学校是我家\"]\n\n[[rule]]\nname = \"box\"\npattern = '^第\\d+版$'\nwhere = \"head\"\n",
    )
    .unwrap();
    let text = "第3版\n芦溪县:改革\n\n一、做好工作。\n学校是我家！\n二、加强教育。\n来源：某网";
    let (reports, _) = corpus::reports_with("a.txt", text, &Given::default(), &rules);
    let found: Vec<&str> = reports[0]
        .boilerplate
        .iter()
        .map(|line| line.rule.as_str())
        .collect();
    assert_eq!(found, ["box", "slogan"]);
    let none = Rules::from_toml("").unwrap();
    let (reports, _) = corpus::reports_with("a.txt", text, &Given::default(), &none);
    assert!(reports.iter().all(|report| report.boilerplate.is_empty()));
}

#[test]
fn mistakes_are_named_with_their_line() {
    for (text, line, said) in [
        ("[[rule]]\nname = “x”", 2, "半角"),
        (
            "[[rule]]\nname = \"x\"\nwords = [\"a\"]\n[[rules]]",
            4,
            "是不是 rule",
        ),
        ("[[rule]]\nname = \"x\"\nword = [\"a\"]", 3, "是不是 words"),
        ("[[rule]]\nwords = [\"a\"]", 1, "缺少 name"),
        ("\n[[rule]]\nname = \"x\"", 2, "要有 only"),
        ("[[rule]]\nname = \"套话\"\nwords = [\"a\"]", 2, "小写字母"),
        ("[[rule]]\nname = \"x\"\nwords = []", 3, "列表"),
        (
            "[[rule]]\nname = \"x\"\nwords = [\n\"a\",\n\" \"]",
            5,
            "列表",
        ),
        ("[[rule]]\nname = \"x\"\nonly = [\"——\"]", 3, "标点"),
        ("[[rule]]\nname = \"x\"\npattern = '('", 3, "正则"),
        (
            "[[rule]]\nname = \"x\"\nwords = [\"a\"]\nwhere = \"top\"",
            4,
            "head",
        ),
        (
            "[[rule]]\nname = \"x\"\nwords = [\"a\"]\nmax_chars = 0",
            4,
            "max_chars",
        ),
        (
            "[[rule]]\nname = \"x\"\nwords = [\"a\"]\nfields = [\"b\"]",
            3,
            "之一",
        ),
        ("[rule]\nname = \"x\"", 1, "[[rule]]"),
    ] {
        let error = Rules::from_toml(text).expect_err(text);
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.to_string().contains(said), "{text}: {error}");
    }
}
