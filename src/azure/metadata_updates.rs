//! Changes of metadata schemas that several writers change.

use azure_core::http::Method;

use super::api_center::Catalog;
use super::error::{Call, CatalogError, Refusal};
use super::metadata::MetadataSchema;
use super::transport::Reply;

/// How often a schema is written, the first time included, while it changes between its read and its write.
const TRIES: usize = 4;

impl Catalog {
    /// Reads a metadata schema, lets `change` make another of it, and writes that if it differs; gives the schema as it
    /// is then.
    ///
    /// If somebody else writes in between, it starts over. Where the service gives no `ETag`, the last write counts.
    ///
    /// # Errors
    /// When it cannot be read, or is not taken.
    pub async fn update_metadata_schema(
        &self,
        name: &str,
        change: impl Fn(Option<&MetadataSchema>) -> MetadataSchema + Send,
    ) -> Result<MetadataSchema, CatalogError> {
        let path = format!("metadataSchemas/{name}");
        let mut tries = 0;
        loop {
            let (found, etag) = match self.reply(&self.message(Method::Get, &path, None)?).await? {
                Reply::Success(answer) => {
                    let found = MetadataSchema::read(&answer.json()?).map_err(|fault| answer.malformed(fault))?;
                    (Some(found), answer.header("etag").map(str::to_owned))
                }
                Reply::NotFound(..) => (None, None),
                Reply::Changed(call) => return Err(changed(call)),
            };
            let wanted = change(found.as_ref());
            if found.as_ref() == Some(&wanted) {
                return Ok(wanted);
            }
            let mut message = self.message(Method::Put, &path, Some(wanted.body()))?;
            message.if_match = etag;
            message.if_absent = found.is_none();
            tries += 1;
            match self.reply(&message).await? {
                Reply::Success(_) => return Ok(wanted),
                Reply::Changed(_) if tries < TRIES => (),
                Reply::Changed(call) => return Err(changed(call)),
                Reply::NotFound(call, message) => return Err(CatalogError::NotFound { call, message }),
            }
        }
    }
}

fn changed(call: Call) -> CatalogError {
    CatalogError::Refused {
        call,
        status: 412,
        refusal: Refusal::ForNow(None),
        message: "somebody else keeps changing it".to_owned(),
    }
}
