//! Updates metadata schemas that several writers change.

use azure_core::http::Method;

use super::api_center::Catalog;
use super::error::{Call, CatalogError, Refusal};
use super::metadata::MetadataSchema;
use super::transport::Reply;

/// Attempts of an update, including the first, while the schema changes between read and write.
const TRIES: usize = 4;

impl Catalog {
    /// Reads a metadata schema, applies `change`, and writes the result if it differs; returns the final schema.
    ///
    /// Starts over if somebody else writes in between. Without an `ETag`, the last write wins.
    ///
    /// # Errors
    /// If it cannot be read, or the write is refused.
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
