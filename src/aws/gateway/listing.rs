//! Reads lists of APIs page by page, within bounds.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::types;
use aws_sdk_apigatewayv2::types::ProtocolType;

use super::error::GatewayError;
use crate::aws::connection::{Call, Pages};
use crate::model::{ApiId, ApiType, EndpointType, GatewayApi, one_line, quote_name};

/// Most tags read of an API: AWS allows 50, and adds some of its own.
const TAGS_MAX: usize = 100;
/// Longest key of a tag, in UTF-16 units (AWS's limit).
const TAG_KEY_MAX: usize = 128;
/// Longest value of a tag, in UTF-16 units (AWS's limit).
const TAG_VALUE_MAX: usize = 256;

/// All APIs in one list of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The usable ones, each once, in AWS's order.
    pub apis: Vec<GatewayApi>,
    /// Those whose ids cannot form a catalog name, so none exists.
    pub unusable: Vec<Unusable>,
}

/// A listed API that is not usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its id, cut.
    pub id: String,
    /// Its name, if any.
    pub name: Option<String>,
    /// Its fault.
    pub message: String,
}

/// The pages so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub listing: Listing,
    listed: HashSet<String>,
    pages: Pages,
}

impl Collected {
    /// Adds an API of a page.
    ///
    /// # Errors
    /// If there are more than any gateway has, or the API has no id: it could be any that the list seems to lack.
    pub fn add(
        &mut self,
        id: Option<String>,
        name: Option<&str>,
        read: impl FnOnce(ApiId) -> Result<GatewayApi, String>,
    ) -> Result<(), String> {
        let id = id.filter(|id| !id.is_empty()).ok_or("it has an API without an id")?;
        let api = ApiId::parse(&id).map_err(|error| error.to_string()).and_then(read);
        let size = match &api {
            Ok(api) => weight(api),
            Err(_) => name.map_or(0, str::len),
        };
        self.pages.weigh(id.len() + size)?;
        // The window moves while APIs are created and deleted, so a page may repeat an API of the one before.
        if !self.listed.insert(id.clone()) {
            return Ok(());
        }
        match api {
            Ok(api) => self.listing.apis.push(api),
            Err(message) => self.listing.unusable.push(Unusable {
                id: quote_name(&id),
                name: name.map(quote_name),
                message,
            }),
        }
        Ok(())
    }

    /// The position of the next page; `None` after the last.
    ///
    /// # Errors
    /// Same as [`Pages::next`].
    pub fn next_page(&mut self, position: Option<String>) -> Result<Option<String>, String> {
        self.pages.next(position)
    }
}

/// All items of a list; `page` returns a page and the position of the next.
///
/// # Errors
/// If a page cannot be read or repeats, or there are more than `most`.
pub(super) async fn all_pages<I, F>(
    call: &Call,
    most: usize,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<I>, GatewayError>
where
    F: Future<Output = Result<(Vec<I>, Option<String>), GatewayError>>,
{
    let (mut all, mut pages, mut position) = (Vec::new(), Pages::default(), None);
    loop {
        // Boxed: the SDK's futures are large.
        let (items, next) = Box::pin(page(position)).await?;
        all.extend(items);
        if all.len() > most {
            return Err(GatewayError::malformed(call, format!("it has more than {most} items")));
        }
        position = pages
            .next(next)
            .map_err(|message| GatewayError::malformed(call, message))?;
        if position.is_none() {
            return Ok(all);
        }
    }
}

fn weight(api: &GatewayApi) -> usize {
    let texts = [Some(&api.name), api.description.as_ref(), api.version.as_ref()];
    let endpoints = api.vpc_endpoint_ids.iter().map(|id| id.len() + size_of::<String>());
    let tags = api
        .tags
        .iter()
        .map(|(key, value)| key.len() + value.len() + 2 * size_of::<String>());
    let texts = texts.into_iter().flatten().map(String::len);
    texts.chain(endpoints).chain(tags).sum()
}

pub(super) fn rest_api(id: ApiId, item: types::RestApi) -> GatewayApi {
    let texts = [item.name, item.description, item.version];
    of_rest(
        id,
        texts,
        item.endpoint_configuration,
        item.disable_execute_api_endpoint,
        item.tags,
    )
}

/// The REST API that was read by its id.
pub(super) fn rest_api_found(id: ApiId, item: GetRestApiOutput) -> GatewayApi {
    let texts = [item.name, item.description, item.version];
    of_rest(
        id,
        texts,
        item.endpoint_configuration,
        item.disable_execute_api_endpoint,
        item.tags,
    )
}

fn of_rest(
    id: ApiId,
    [name, description, version]: [Option<String>; 3],
    endpoint: Option<types::EndpointConfiguration>,
    execute_api_disabled: bool,
    tags: Option<HashMap<String, String>>,
) -> GatewayApi {
    let is = |endpoint_type| {
        let mut types = endpoint.iter().flat_map(types::EndpointConfiguration::types);
        types.any(|found| *found == endpoint_type)
    };
    let endpoint_type = if is(types::EndpointType::Private) {
        EndpointType::Private
    } else if is(types::EndpointType::Edge) {
        EndpointType::Edge
    } else {
        EndpointType::Regional
    };
    GatewayApi {
        api_type: ApiType::Rest,
        id,
        name: name.unwrap_or_default(),
        description,
        version,
        endpoint_type,
        vpc_endpoint_ids: endpoint
            .and_then(|endpoint| endpoint.vpc_endpoint_ids)
            .unwrap_or_default(),
        execute_api_disabled,
        tags: tags_of(tags),
    }
}

/// The HTTP or WebSocket API of these parts.
///
/// # Errors
/// If its kind is unknown.
pub(super) fn v2_api(
    id: ApiId,
    protocol: Option<&ProtocolType>,
    [name, description, version]: [Option<String>; 3],
    execute_api_disabled: bool,
    tags: Option<HashMap<String, String>>,
) -> Result<GatewayApi, String> {
    let api_type = match protocol {
        Some(ProtocolType::Http) => ApiType::Http,
        Some(ProtocolType::Websocket) => ApiType::Websocket,
        other => {
            let protocol = other.map_or("no protocol", ProtocolType::as_str);
            return Err(format!("it has an unknown kind: {}", quote_name(protocol)));
        }
    };
    Ok(GatewayApi {
        api_type,
        id,
        name: name.unwrap_or_default(),
        description,
        version,
        endpoint_type: EndpointType::Regional,
        vpc_endpoint_ids: Vec::new(),
        execute_api_disabled,
        tags: tags_of(tags),
    })
}

/// Tags as displayable texts.
fn tags_of(tags: Option<HashMap<String, String>>) -> Box<[(String, String)]> {
    let sorted: BTreeMap<String, String> = tags.into_iter().flatten().collect();
    let tags = sorted.into_iter().take(TAGS_MAX);
    let tags = tags.map(|(key, value)| (one_line(&key, TAG_KEY_MAX), one_line(&value, TAG_VALUE_MAX)));
    tags.collect::<BTreeMap<_, _>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds a page; fails with its fault.
    fn add_page(
        collected: &mut Collected,
        items: Vec<types::RestApi>,
        position: Option<String>,
    ) -> Result<Option<String>, String> {
        for item in items {
            let name = item.name.clone();
            collected.add(item.id.clone(), name.as_deref(), |id| Ok(rest_api(id, item)))?;
        }
        collected.next_page(position)
    }

    /// Creates the items of a page.
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
            let error = (0..10_000)
                .find_map(|number| add_page(&mut collected, items(), Some(format!("{number}{position}"))).err());
            assert!(error.unwrap().contains("bytes"), "{what}");
        }
    }

    #[test]
    fn an_unusable_id_is_kept_as_far_as_it_is_of_use() {
        let mut collected = Collected::default();
        let item = types::RestApi::builder()
            .id(format!("../\u{1b}{}", "x".repeat(1 << 20)))
            .build();
        add_page(&mut collected, vec![item], None).unwrap();
        let unusable = &collected.listing.unusable[0];
        assert!(unusable.id.starts_with("../\u{fffd}xxx"), "{unusable:?}");
        assert!(unusable.id.len() < 110 && unusable.message.len() < 300, "{unusable:?}");
    }
}
