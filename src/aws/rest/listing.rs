//! The listing of REST APIs, page by page, within bounds.

use std::collections::HashSet;

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::operation::get_rest_apis::GetRestApisOutput;
use aws_sdk_apigateway::types;

use crate::model::{ApiId, RestApi, quote_name};

/// Most that is kept of a listing, in bytes: what ten thousand APIs, the most that fit an API center, have with long
/// descriptions.
const LISTING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// What an API, or a page, takes beside its texts, in bytes.
const OVERHEAD_BYTES: usize = 512;

/// All REST APIs of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Those that can be worked with, each once, in Amazon's order.
    pub apis: Vec<RestApi>,
    /// Those with an id of a form that no catalog name can be made from, so that none was.
    pub unusable: Vec<Unusable>,
}

/// A listed API that cannot be worked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its id, as far as it is of use.
    pub id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

/// The pages so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub listing: Listing,
    listed: HashSet<String>,
    visited: HashSet<String>,
    bytes: usize,
}

impl Collected {
    /// Adds a page and tells where the next one is; `None` after the last.
    ///
    /// # Errors
    /// When there is no end to them: the page leads back to an earlier one, or there is more than any gateway has. And when
    /// an API has no id: it may be any of those that the list seems to lack.
    pub fn add(&mut self, page: GetRestApisOutput) -> Result<Option<String>, String> {
        for item in page.items.unwrap_or_default() {
            self.weigh(size_of_item(&item))?;
            let id = item.id.clone().filter(|id| !id.is_empty());
            let id = id.ok_or("it has a REST API without an id")?;
            // Amazon moves the window while APIs come and go, so that a page may repeat one of the page before.
            if !self.listed.insert(id.clone()) {
                continue;
            }
            match ApiId::parse(&id) {
                Ok(id) => self.listing.apis.push(rest_api(id, item)),
                Err(error) => self.listing.unusable.push(Unusable {
                    id: quote_name(&id),
                    name: item.name.as_deref().map(quote_name),
                    message: error.to_string(),
                }),
            }
        }
        let Some(next) = page.position.filter(|position| !position.is_empty()) else {
            return Ok(None);
        };
        self.weigh(next.len())?;
        if !self.visited.insert(next.clone()) {
            return Err(format!(
                "its pages lead in a circle, back to position {:?}",
                quote_name(&next)
            ));
        }
        Ok(Some(next))
    }

    fn weigh(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes + OVERHEAD_BYTES;
        if self.bytes > LISTING_MAX_BYTES {
            return Err(format!("it has more than {LISTING_MAX_BYTES} bytes, and no end yet"));
        }
        Ok(())
    }
}

fn size_of_item(item: &types::RestApi) -> usize {
    let texts = [&item.id, &item.id, &item.name, &item.description, &item.version];
    let endpoint = item.endpoint_configuration.as_ref();
    let endpoints = endpoint.and_then(|endpoint| endpoint.vpc_endpoint_ids.as_deref());
    let of_endpoints = endpoints
        .unwrap_or_default()
        .iter()
        .map(|id| id.len() + size_of::<String>());
    texts.into_iter().flatten().map(String::len).chain(of_endpoints).sum()
}

fn rest_api(id: ApiId, item: types::RestApi) -> RestApi {
    let texts = [item.name, item.description, item.version];
    of(
        id,
        texts,
        item.endpoint_configuration,
        item.disable_execute_api_endpoint,
    )
}

/// The REST API that was asked for by its id.
pub(super) fn found(id: ApiId, item: GetRestApiOutput) -> RestApi {
    let texts = [item.name, item.description, item.version];
    of(
        id,
        texts,
        item.endpoint_configuration,
        item.disable_execute_api_endpoint,
    )
}

fn of(
    id: ApiId,
    [name, description, version]: [Option<String>; 3],
    endpoint: Option<types::EndpointConfiguration>,
    execute_api_disabled: bool,
) -> RestApi {
    RestApi {
        id,
        name: name.unwrap_or_default(),
        description,
        version,
        private: endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.types().contains(&types::EndpointType::Private)),
        vpc_endpoint_ids: endpoint
            .and_then(|endpoint| endpoint.vpc_endpoint_ids)
            .unwrap_or_default(),
        execute_api_disabled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: Vec<types::RestApi>, position: Option<String>) -> GetRestApisOutput {
        GetRestApisOutput::builder()
            .set_items(Some(items))
            .set_position(position)
            .build()
    }

    /// Makes the items of a page.
    type Page<'a> = Box<dyn Fn() -> Vec<types::RestApi> + 'a>;

    #[test]
    fn pages_without_end_are_given_up_whatever_is_on_them() {
        let text = "x".repeat(1 << 20);
        let named = || types::RestApi::builder().id("a1").name(&text).build();
        let plain = |number: usize| types::RestApi::builder().id(format!("a{number}")).build();
        let crowded = || (0..5000).map(plain).collect();
        let tables: [(&str, Page<'_>, &str); 3] = [
            ("long names", Box::new(move || vec![named()]), ""),
            ("many APIs", Box::new(crowded), ""),
            ("long positions", Box::new(Vec::new), &"p".repeat(1 << 20)),
        ];
        for (what, items, position) in tables {
            let mut collected = Collected::default();
            let error =
                (0..10_000).find_map(|number| collected.add(page(items(), Some(format!("{number}{position}")))).err());
            assert!(error.unwrap().contains("no end yet"), "{what}");
        }
    }

    #[test]
    fn an_unusable_id_is_kept_as_far_as_it_is_of_use() {
        let mut collected = Collected::default();
        let item = types::RestApi::builder()
            .id(format!("../\u{1b}{}", "x".repeat(1 << 20)))
            .build();
        collected.add(page(vec![item], None)).unwrap();
        let unusable = &collected.listing.unusable[0];
        assert!(unusable.id.starts_with("../\u{fffd}xxx"), "{unusable:?}");
        assert!(unusable.id.len() < 110 && unusable.message.len() < 300, "{unusable:?}");
    }
}
