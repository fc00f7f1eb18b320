//! The language of the pages: what the address says, else what was chosen before, else what the
//! browser asks for, else Chinese.
//!
//! Only what the service itself says is translated ([`super::text`]); what reports say, the names
//! of regions and of themes, stays as it is and is marked as Chinese.

use actix_web::HttpRequest;
use actix_web::http::header::{self, AcceptLanguage, Header};

use crate::http::problem::Problem;

/// The parameter that names the language, and the cookie that remembers it.
pub(super) const NAME: &str = "lang";
const COOKIE: &str = "cesou-lang";

/// A language that the pages speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::http::pages) enum Lang {
    /// Chinese, in simplified characters.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Every language, in the order they are offered.
    pub(super) const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// As an address has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// As a document declares it.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Its name in itself.
    pub(super) fn own_name(self) -> &'static str {
        match self {
            Self::Zh => "中文",
            Self::En => "English",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.as_str() == name)
    }

    /// What a browser's language tag asks for: `en-GB` for English, `zh-Hant` for Chinese.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|lang| lang.as_str().eq_ignore_ascii_case(primary))
    }

    /// What was chosen before, or else what the browser asks for.
    pub(super) fn usual(http: &HttpRequest) -> Self {
        remembered(http).unwrap_or_else(|| {
            let accepted = AcceptLanguage::parse(http);
            let ranked = accepted.map(|accepted| accepted.ranked());
            let known = ranked.iter().flatten().find_map(|preference| {
                let tag = preference.item()?;
                Self::of_tag(&tag.to_string())
            });
            known.unwrap_or_default()
        })
    }

    /// What the address says, if it says anything.
    ///
    /// # Errors
    ///
    /// [`Problem::BadParameter`] for a language there is none of, [`Problem::RepeatedParameter`]
    /// where it says several.
    pub(super) fn given(values: &[String]) -> Result<Option<Self>, Problem> {
        match values {
            [] => Ok(None),
            [value] => match Self::named(value) {
                Some(lang) => Ok(Some(lang)),
                None => Err(Problem::BadParameter {
                    name: NAME.to_owned(),
                    value: value.chars().take(20).collect(),
                    allowed: Self::ALL.map(Self::as_str).join(" 或 "),
                }),
            },
            _ => Err(Problem::RepeatedParameter { name: NAME }),
        }
    }

    /// The header that has a browser remember it for a year.
    pub(super) fn remember(self) -> String {
        format!(
            "{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
            self.as_str()
        )
    }
}

/// What was chosen before.
pub(super) fn remembered(http: &HttpRequest) -> Option<Lang> {
    http.headers()
        .get_all(header::COOKIE)
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, value)| Lang::named(value))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::Lang;

    #[test]
    fn what_was_chosen_comes_before_what_the_browser_asks_for() {
        let cases = [
            ("", "", Lang::Zh),
            ("", "en-GB,en;q=0.8", Lang::En),
            ("", "fr,en;q=0.4,zh;q=0.9", Lang::Zh),
            ("", "zh-Hant-TW,en;q=0.1", Lang::Zh),
            ("", "fr, de", Lang::Zh),
            ("", "*", Lang::Zh),
            ("", "nonsense;;q=,", Lang::Zh),
            ("a=b; cesou-lang=en", "zh-CN", Lang::En),
            ("cesou-lang=zh;c=d", "en", Lang::Zh),
            ("cesou-lang=fr", "en", Lang::En),
        ];
        for (cookie, accepted, lang) in cases {
            let mut request = TestRequest::default();
            for (name, value) in [("Cookie", cookie), ("Accept-Language", accepted)] {
                if !value.is_empty() {
                    request = request.insert_header((name, value));
                }
            }
            let request = request.to_http_request();
            assert_eq!(Lang::usual(&request), lang, "{cookie:?} {accepted:?}");
        }
    }
}
