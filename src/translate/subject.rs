//! An API as rules see it.

use crate::model::{AccountId, Gateway, GatewayApi, Glob, Match, Source, SourceName, Variable, one_line};

/// Longest value of a variable, in UTF-16 units: as long as the longest value of a tag.
const VALUE_MAX: usize = 256;

/// The place of an API.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The source that reads the gateway.
    pub source: &'a Source,
    /// Its account's name, if the organisation gives one.
    pub account_name: Option<&'a str>,
    /// The gateway.
    pub gateway: &'a Gateway,
}

/// An API as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its place.
    pub place: Place<'a>,
    /// The API.
    pub api: &'a GatewayApi,
}

impl<'a> Place<'a> {
    /// The name of the source, or nothing.
    fn source_name(self) -> &'a str {
        self.source.name.as_ref().map_or("", SourceName::as_str)
    }
}

impl<'a> Subject<'a> {
    /// An API of a gateway.
    #[must_use]
    pub fn of(place: Place<'a>, api: &'a GatewayApi) -> Self {
        Self { place, api }
    }

    /// Whether everything but the stage matches.
    pub(super) fn fits(&self, rule: &Match) -> bool {
        let text = |glob: &Option<Glob>, text: Option<&str>| match glob {
            Some(glob) => text.is_some_and(|text| glob.fits(text)),
            None => true,
        };
        let account = self.place.gateway.account.as_ref().map(AccountId::as_str);
        let mut tags = rule.tags.iter();
        rule.api_type.is_none_or(|api_type| api_type == self.api.api_type)
            && rule
                .endpoint_type
                .is_none_or(|endpoint| endpoint == self.api.endpoint_type)
            && text(&rule.name, Some(&self.api.name))
            && text(&rule.source, Some(self.place.source_name()))
            && text(&rule.account, account)
            && text(&rule.region, Some(self.place.gateway.region.as_str()))
            && tags.all(|(key, glob)| self.api.tag(key).is_some_and(|value| glob.fits(value)))
    }

    /// Whether everything matches, including the stage.
    pub(super) fn fits_stage(&self, rule: &Match, stage_name: &str) -> bool {
        rule.stage.as_ref().is_none_or(|glob| glob.fits(stage_name)) && self.fits(rule)
    }

    /// The value of a variable; `None` if unknown.
    pub(super) fn value_of(&self, variable: &Variable, stage_name: Option<&str>) -> Option<String> {
        let account = self.place.gateway.account.as_ref().map(AccountId::as_str);
        let text = match variable {
            Variable::Name => Some(self.api.name.as_str()),
            Variable::Stage => stage_name,
            Variable::Account => account,
            Variable::AccountName => self.place.account_name,
            Variable::Region => Some(self.place.gateway.region.as_str()),
            Variable::ApiId => Some(self.api.id.as_str()),
            Variable::ApiType => Some(self.api.api_type.word()),
            Variable::Tag(key) => self.api.tag(key),
        };
        text.map(|text| one_line(text, VALUE_MAX))
    }
}
