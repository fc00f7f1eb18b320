//! What a reader's address asks of a page, read once.

use actix_web::HttpRequest;
use actix_web::http::header::{self, EntityTag, HeaderName, HeaderValue};

use jiff::ZonedDateTime;

use super::lang::{self, Lang};
use crate::date::Date;
use crate::http::address;
use crate::http::assets;
use crate::http::params;
use crate::http::problem::Problem;

/// What a reader's address asks of a page.
#[derive(Debug, Clone)]
pub(in crate::http::pages) struct Visit {
    /// The page's path.
    pub(super) path: String,
    /// The pairs of the query string but the language.
    pub(super) pairs: Vec<(String, String)>,
    /// The language to speak.
    pub(super) lang: Lang,
    /// Whether the address itself says so; then every link does.
    pub(super) says_lang: bool,
    /// Whether the browser is to remember it.
    pub(super) is_new: bool,
    /// Where the service is found: `https://search.example`; empty where nothing says.
    origin: String,
    /// The day it is.
    pub(super) day: Date,
}

impl Visit {
    /// Reads the address of a request.
    ///
    /// # Errors
    ///
    /// [`Problem::BadParameter`] for a language there is none of, [`Problem::RepeatedParameter`]
    /// for several.
    pub(super) fn of(http: &HttpRequest) -> Result<Self, Problem> {
        let all = params::pairs(http.query_string());
        let is_lang = |(name, _): &(String, String)| name == lang::NAME;
        let (said, pairs): (Vec<_>, Vec<_>) = all.into_iter().partition(is_lang);
        let said: Vec<String> = said.into_iter().map(|(_, value)| value).collect();
        let given = Lang::given(&said)?;
        Ok(Self {
            pairs,
            lang: given.unwrap_or_else(|| Lang::usual(http)),
            says_lang: given.is_some(),
            is_new: given.is_some() && given != lang::remembered(http),
            ..Self::bare(http)
        })
    }

    /// The same, whatever the address says; for telling what is wrong with it.
    pub(super) fn of_any(http: &HttpRequest) -> Self {
        Self::of(http).unwrap_or_else(|_| Self::bare(http))
    }

    /// As if the address said nothing.
    fn bare(http: &HttpRequest) -> Self {
        let today = ZonedDateTime::now().date();
        let day = Date::new(
            today.year().unsigned_abs(),
            today.month().unsigned_abs(),
            today.day().unsigned_abs(),
        );
        Self {
            path: http.path().to_owned(),
            pairs: Vec::new(),
            lang: Lang::usual(http),
            says_lang: false,
            is_new: false,
            origin: address::of_request(http),
            day: day.expect("the calendar's days are days"),
        }
    }

    /// The whole address of a path here, as the reader would give it to another.
    pub(super) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What was typed into the box.
    pub(super) fn text(&self) -> &str {
        let typed = self.pairs.iter().find(|(name, _)| name == "q");
        typed.map_or("", |(_, text)| text)
    }

    /// What caches and browsers are told of the language.
    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![
            (
                header::VARY,
                HeaderValue::from_static("Accept-Language, Cookie"),
            ),
            (
                header::CONTENT_LANGUAGE,
                HeaderValue::from_static(self.lang.tag()),
            ),
        ];
        let remember = HeaderValue::try_from(self.lang.remember()).ok();
        let remember = remember.filter(|_| self.is_new);
        headers.extend(remember.map(|cookie| (header::SET_COOKIE, cookie)));
        headers
    }

    /// `tag`, told apart by the language and whatever else the page depends on.
    pub(super) fn tag(&self, tag: &EntityTag, more: &str) -> EntityTag {
        let (lang, files) = (self.lang.as_str(), assets::digest());
        EntityTag::new_weak(format!("{}-{lang}-{files}{more}", tag.tag()))
    }
}
