//! Reads the catalog's lists page by page: complete, or an error.

use std::collections::HashSet;

use azure_core::http::Method;
use serde_json::Value;

use super::api_center::Catalog;
use super::error::CatalogError;
use super::metadata::MetadataSchema;
use super::operations::WEIGHT_MAX;
use super::transport::Message;
use super::wire;
use crate::model::{Entity, EntityName};

impl Catalog {
    /// All environments.
    ///
    /// # Errors
    /// If a page cannot be read: never a part of them.
    pub async fn environments(&self) -> Result<Vec<Entity>, CatalogError> {
        self.entities("workspaces/default/environments").await
    }

    /// All APIs.
    ///
    /// # Errors
    /// If a page cannot be read: never a part of them.
    pub async fn apis(&self) -> Result<Vec<Entity>, CatalogError> {
        self.entities("workspaces/default/apis").await
    }

    /// Visits every API in turn, so that they need not all be in memory. One that is on two pages is visited twice.
    ///
    /// # Errors
    /// If a page cannot be read: the visited ones are only a part.
    pub async fn each_api(&self, mut show: impl FnMut(Entity) + Send) -> Result<(), CatalogError> {
        let first = self.message(Method::Get, "workspaces/default/apis", None)?;
        self.each(first, |item| {
            if let Some(api) = wire::listed(item)? {
                show(api);
            }
            Ok(())
        })
        .await
    }

    /// All versions of an API.
    ///
    /// # Errors
    /// If a page cannot be read, or the API does not exist.
    pub async fn versions(&self, api: &EntityName) -> Result<Vec<Entity>, CatalogError> {
        self.entities(&format!("workspaces/default/apis/{api}/versions")).await
    }

    /// All definitions of a version.
    ///
    /// # Errors
    /// If a page cannot be read, or the version does not exist.
    pub async fn definitions(&self, api: &EntityName, version: &EntityName) -> Result<Vec<Entity>, CatalogError> {
        self.entities(&format!("workspaces/default/apis/{api}/versions/{version}/definitions"))
            .await
    }

    /// All deployments of an API.
    ///
    /// # Errors
    /// If a page cannot be read, or the API does not exist.
    pub async fn deployments(&self, api: &EntityName) -> Result<Vec<Entity>, CatalogError> {
        self.entities(&format!("workspaces/default/apis/{api}/deployments"))
            .await
    }

    /// All metadata schemas.
    ///
    /// # Errors
    /// If a page cannot be read.
    pub async fn metadata_schemas(&self) -> Result<Vec<MetadataSchema>, CatalogError> {
        self.list("metadataSchemas", |item| MetadataSchema::read(&item).map(Some))
            .await
    }

    async fn entities(&self, path: &str) -> Result<Vec<Entity>, CatalogError> {
        let mut entities = self.list(path, wire::listed).await?;
        // Creations and deletions shift the pages, so an entity can be on two.
        let mut seen = HashSet::new();
        entities.retain(|entity| seen.insert(entity.name.clone()));
        Ok(entities)
    }

    /// All items of a list that `read` accepts, page by page.
    async fn list<T>(
        &self,
        path: &str,
        mut read: impl FnMut(Value) -> Result<Option<T>, wire::Fault> + Send,
    ) -> Result<Vec<T>, CatalogError>
    where
        T: Send,
    {
        let mut items = Vec::new();
        let first = self.message(Method::Get, path, None)?;
        self.each(first, |item| {
            items.extend(read(item)?);
            Ok(())
        })
        .await?;
        Ok(items)
    }

    /// Visits every item of a list, page by page; `message` requests the first.
    pub(super) async fn each(
        &self,
        mut message: Message,
        mut show: impl FnMut(Value) -> Result<(), wire::Fault> + Send,
    ) -> Result<(), CatalogError> {
        let mut visited = HashSet::new();
        let mut room = WEIGHT_MAX;
        loop {
            visited.insert(message.url.to_string());
            let answer = self.success(&message).await?;
            let malformed = |fault: wire::Fault| answer.malformed(fault);
            let page = wire::page(answer.json_within(&mut room)?).map_err(malformed)?;
            for item in page.items {
                show(item).map_err(malformed)?;
            }
            let Some(next) = page.next_link else {
                return Ok(());
            };
            message.url = self.same_host(&message.call, &next)?;
            if visited.contains(message.url.as_str()) {
                return Err(malformed("its pages loop"));
            }
        }
    }
}
