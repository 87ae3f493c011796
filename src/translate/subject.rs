//! An API as rules see it.

use crate::model::{AccountId, Gateway, GatewayApi, Glob, Match, Variable, one_line};

/// Longest value of a variable, in UTF-16 units: as long as the longest value of a tag.
const VALUE_MAX: usize = 256;

/// An API as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The name of its source; empty where the source has none.
    pub source: &'a str,
    /// Its account's name, where the organisation tells it.
    pub account_name: Option<&'a str>,
    /// The gateway that it is on.
    pub gateway: &'a Gateway,
    /// The API.
    pub api: &'a GatewayApi,
}

impl<'a> Subject<'a> {
    /// An API of a source without a name.
    #[must_use]
    pub fn of(gateway: &'a Gateway, api: &'a GatewayApi) -> Self {
        Self {
            source: "",
            account_name: None,
            gateway,
            api,
        }
    }

    /// Whether everything but the stage fits.
    pub(super) fn fits(&self, rule: &Match) -> bool {
        let text = |glob: &Option<Glob>, text: Option<&str>| match glob {
            Some(glob) => text.is_some_and(|text| glob.fits(text)),
            None => true,
        };
        let account = self.gateway.account.as_ref().map(AccountId::as_str);
        let mut tags = rule.tags.iter();
        rule.api_type.is_none_or(|api_type| api_type == self.api.api_type)
            && rule
                .endpoint_type
                .is_none_or(|endpoint| endpoint == self.api.endpoint_type)
            && text(&rule.name, Some(&self.api.name))
            && text(&rule.source, Some(self.source))
            && text(&rule.account, account)
            && text(&rule.region, Some(self.gateway.region.as_str()))
            && tags.all(|(key, glob)| self.api.tag(key).is_some_and(|value| glob.fits(value)))
    }

    /// Whether everything fits, the stage too.
    pub(super) fn fits_stage(&self, rule: &Match, stage_name: &str) -> bool {
        rule.stage.as_ref().is_none_or(|glob| glob.fits(stage_name)) && self.fits(rule)
    }

    /// What a variable stands for; `None` where that is not known.
    pub(super) fn value_of(&self, variable: &Variable, stage_name: Option<&str>) -> Option<String> {
        let account = self.gateway.account.as_ref().map(AccountId::as_str);
        let text = match variable {
            Variable::Name => Some(self.api.name.as_str()),
            Variable::Stage => stage_name,
            Variable::Account => account,
            Variable::AccountName => self.account_name,
            Variable::Region => Some(self.gateway.region.as_str()),
            Variable::ApiId => Some(self.api.id.as_str()),
            Variable::ApiType => Some(self.api.api_type.word()),
            Variable::Tag(key) => self.api.tag(key),
        };
        text.map(|text| one_line(text, VALUE_MAX))
    }
}
