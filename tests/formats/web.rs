//! Saved web pages.

use super::{read, refusal};

const PAGE: &str = r##"<!DOCTYPE html><html><head><meta charset="CHARSET">
<title>成都市人民政府办公厅关于全面加强和改进学校美育工作的实施意见_成都市人民政府门户网站</title>
<meta name="PubDate" content="2016-11-05"><style>p{color:red}</style>
<script>var a="<p>脚本里写的字，不是正文。</p>";</script></head>
<body><div class="header"><a href="/">首页</a><a href="/zw">政务公开</a><a href="/fw">办事服务</a></div>
<div class="breadcrumb">当前位置：<a href="/">首页</a> &gt; <a href="/zw">政务公开</a></div>
<table class="info"><tr><td>索引号：</td><td>X001</td><td>发文机关：</td><td>成都市人民政府办公厅</td></tr>
<tr><td>文号：</td><td>成办发〔2016〕48号</td><td>成文日期：</td><td>2016年11月3日</td></tr></table>
<h1>成都市人民政府办公厅关于全面加强和改进学校美育工作的实施意见</h1>
<div class="share">【字号：<a>大</a> <a>中</a> <a>小</a>】 <a href="#">打印</a> <a>下载</a></div>
<div id="zoom"><p>各区（市）县政府，市政府各部门：</p>
<p>　　为贯彻落实国务院办公厅意见，经市政府同意，结合我市实际，现提出以下实施意见，请认真组织实施。</p>
<p><strong>一、总体要求</strong></p><p>坚持以美育人，
面向全体学生，统筹推进各级各类学校美育改革发展，到2018年取得突破性进展。</p>
<p>二、主要任务<br>（一）开齐开足美育课程。学校要按照国家课程方案开设美育课程。<br/>（二）配齐美育教师，每年交流1300多人。</p>
<table border=1><tr><th>项目</th><th>金额</th></tr><tr><td>美育设施</td><td>9.08亿元</td></tr></table>
<ol><li>建立台账；</li><li>二、不另编号；</li></ol>
<p>附件：<a href="a.doc">1. 任务分工表.doc</a></p>
<p style="text-align:right">成都市人民政府办公厅<br>2016年11月3日</p></div>
<div class="related"><h3>相关阅读</h3><ul><li><a href="1">四川省出台美育工作实施意见，推进改革发展</a></li><li><a href="2">教育部部署学校美育工作，要求配齐教师</a></li></ul></div>
<button>收藏</button><p hidden>隐藏的字。</p>
<div class="footer"><p>主办：成都市人民政府办公厅　承办：信息中心</p><p>蜀ICP备12345号　<a href="#">网站地图</a></p></div></body></html>"##;

const TEXT: &str = "\
成都市人民政府办公厅关于全面加强和改进学校美育工作的实施意见
各区（市）县政府，市政府各部门：
为贯彻落实国务院办公厅意见，经市政府同意，结合我市实际，现提出以下实施意见，请认真组织实施。
一、总体要求
坚持以美育人，面向全体学生，统筹推进各级各类学校美育改革发展，到2018年取得突破性进展。
二、主要任务
（一）开齐开足美育课程。学校要按照国家课程方案开设美育课程。
（二）配齐美育教师，每年交流1300多人。
项目 | 金额
美育设施 | 9.08亿元
1. 建立台账；
二、不另编号；
附件：1. 任务分工表.doc
成都市人民政府办公厅
2016年11月3日
";

#[test]
fn a_page_gives_its_article_and_nothing_of_its_site() {
    let text = read("notice.html", PAGE.as_bytes());
    assert_eq!(text.text, TEXT);
    assert_eq!(text.encoding, "UTF-8");
    let [report] = text.reports.as_slice() else {
        panic!("one report: {:?}", text.reports);
    };
    // What stands in a table beside the article is known of it.
    let metadata = &report.metadata;
    assert_eq!(
        metadata.document_number.as_deref(),
        Some("成办发〔2016〕48号")
    );
    assert_eq!(metadata.issuer.as_deref(), Some("成都市人民政府办公厅"));
    assert_eq!(report.region.name, "成都市");
}

#[test]
fn a_page_is_read_in_the_encoding_it_has_whatever_it_says() {
    let gbk = |page: &str| encoding_rs::GBK.encode(page).0.into_owned();
    let wide = |page: &str| -> Vec<u8> {
        let units = page.encode_utf16().flat_map(u16::to_le_bytes);
        [0xFF, 0xFE].into_iter().chain(units).collect()
    };
    let cases = [
        (gbk(&PAGE.replace("CHARSET", "gb2312")), "GB18030"),
        (gbk(&PAGE.replace("CHARSET", "utf-8")), "GB18030"),
        (gbk(&PAGE.replace("CHARSET", "big5")), "GB18030"),
        (PAGE.replace("CHARSET", "gb2312").into_bytes(), "UTF-8"),
        (wide(PAGE), "UTF-16LE"),
    ];
    for (bytes, encoding) in cases {
        let text = read("notice.htm", &bytes);
        assert_eq!(text.encoding, encoding);
        assert_eq!(text.text, TEXT);
    }
    let big5 = "<html><meta charset=big5><body><p>臺北市推動學校美育工作，成效顯著，現將有關情況報告如下。</p>";
    let text = read("a.html", &encoding_rs::BIG5.encode(big5).0);
    assert_eq!(text.encoding, "Big5");
    assert!(
        text.text.contains("臺北市推動學校美育工作"),
        "{}",
        text.text
    );
}

#[test]
fn articles_are_found_however_a_page_is_built() {
    let prose = "成都市坚持以美育人，把学校美育纳入发展规划，统筹推进各项工作，取得了明显成效。";
    let links = "<ul><li><a href=1>四川省召开教育工作会议，部署重点任务</a><li><a href=2>教育部印发通知，要求做好工作</a></ul>";
    let cases = [
        // A page laid out in tables, as they were.
        format!(
            "<table><tr><td>{links}</td><td><table><tr><td>{prose}<br><br>　　一、加强领导。<br>{prose}</td></tr></table></td></tr></table>"
        ),
        // Text alone in the body.
        format!("{links}{prose}<br>一、加强领导。<br>{prose}"),
        // A short notice whose one paragraph holds nearly all of its prose.
        format!(
            "<div>{links}</div><div><p>一、加强领导。</p><div>{prose}{prose}{prose}</div><p>{prose}</p></div>"
        ),
        // XHTML.
        format!(
            "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><body>{links}<div><p>一、加强领导。</p><p>{prose}</p></div></body></html>"
        ),
    ];
    for page in cases {
        let text = read("page.html", page.as_bytes()).text;
        assert!(text.contains(prose), "{text}");
        assert!(text.contains("一、加强领导。\n"), "{text}");
        assert!(!text.contains("教育工作会议"), "{page}\n{text}");
    }
}

#[test]
fn a_page_without_text_is_named() {
    for page in [
        "<html></html>",
        "<html><script>x</script><div></div></html>",
    ] {
        let reason = refusal("empty.html", page.as_bytes());
        assert!(reason.contains("正文"), "{reason}");
    }
}
