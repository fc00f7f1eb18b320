// What the elements say, in Chinese and English.

/** Facets; in English their own names will do. @type {Record<string, string>} */
const FIELDS = {
  province: "省份",
  city: "地市",
  county: "区县",
  theme: "主题",
  kind: "类型",
  report: "报告",
  year: "年份",
  issuer: "发布机构",
};
const zh = {
  label: "搜索报告",
  search: "搜索",
  clear: "清除",
  results: "搜索结果",
  overview: "概述",
  all: (/** @type {number} */ total) => `查看全部 ${total} 条结果`,
  count: (/** @type {number} */ total) => `共 ${total} 条结果`,
  choose: (/** @type {number} */ shown) => `，列出 ${shown} 条，用上下键选择`,
  none: (/** @type {string} */ text) => `没有找到“${text}”`,
  nothing: "没有符合条件的内容",
  hint: "换个说法，或少用几个词试试",
  meant: (/** @type {string} */ text) => `您要找的是不是“${text}”`,
  quoted: (/** @type {string} */ text) => `“${text}”`,
  and: "",
  read: (/** @type {string} */ from, /** @type {string} */ to) => `${from}按${to}检索`,
  also: (/** @type {string} */ from, /** @type {string} */ to) => `${from}也检索了${to}`,
  relaxed: "部分结果只含其中几个词",
  missing: "未含：",
  pinned: "置顶",
  slow: "还在搜索，请稍候……",
  retry: "重试",
  failed: {
    offline: "连不上搜索服务，请检查网络",
    slow: "搜索服务没有及时回答",
    busy: "搜索的人较多，请稍后再试",
    refused: "本站没有搜索权限，请联系站点管理员",
    broken: "搜索暂时不可用，请稍后再试",
  },
  filters: "筛选",
  more: "更多",
  reset: "清除筛选",
  pages: "分页",
  previous: "上一页",
  next: "下一页",
  page: (/** @type {number} */ page, /** @type {number} */ of) => `第 ${page} 页，共 ${of} 页`,
  fields: FIELDS,
  values: /** @type {Record<string, string>} */ ({}),
};

/** @type {typeof zh} */
const en = {
  label: "Search reports",
  search: "Search",
  clear: "Clear",
  results: "Search results",
  overview: "Overview",
  all: (total) => `See all ${total} results`,
  count: (total) => (total === 1 ? "1 result" : `${total} results`),
  choose: (shown) => `, ${shown} listed; use the arrow keys to choose`,
  none: (text) => `Nothing found for “${text}”`,
  nothing: "Nothing matches",
  hint: "Try other words, or fewer",
  meant: (text) => `Did you mean “${text}”?`,
  quoted: (text) => `“${text}”`,
  and: ", ",
  read: (from, to) => `${from} was read as ${to}`,
  also: (from, to) => `${from}: also searched for ${to}`,
  relaxed: "Some results hold only some of the words",
  missing: "Missing: ",
  pinned: "Pinned",
  slow: "Still searching…",
  retry: "Try again",
  failed: {
    offline: "The search service cannot be reached",
    slow: "The search service takes too long",
    busy: "The search service is busy; try again shortly",
    refused: "This site may not search; tell its owner",
    broken: "Search does not work just now",
  },
  filters: "Filters",
  more: "More",
  reset: "Clear filters",
  pages: "Pages",
  previous: "Previous",
  next: "Next",
  page: (page, of) => `Page ${page} of ${of}`,
  fields: {},
  values: { overview: "Overview", measure: "Measure", unknown: "Unknown" },
};

/** @typedef {typeof zh} Words */

/**
 * The words for a language tag, Chinese where it is not English.
 *
 * @param {string} language
 * @returns {Words}
 */
export function words(language) {
  return /^en\b/i.test(language) ? en : zh;
}
