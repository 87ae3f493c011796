//! The steps of the work on one API, and the events that answer them.

use std::collections::{BTreeMap, BTreeSet};

use super::below::Below;
use super::fields::Write;
use crate::catalog::{Owned, OwnedApi};
use crate::model::{Conflict, DesiredDeployment, Document, Entity, EntityName, Export, Skip, SourceKey};

/// The next step for an API.
///
/// A failed step ends the work on the API, unless stated otherwise. Failures that end the work on the gateway or the
/// run are up to the driver.
#[derive(Debug)]
pub enum Step {
    /// Create the API, if nothing has its name. Answered by [`Event::Written`], or by [`Event::Found`] with the
    /// existing entity.
    Create(Write),
    /// List what is below the API; if deep, also compare the definitions' content. Answered by [`Event::Below`].
    Read {
        /// The API.
        api: Box<OwnedApi>,
        /// Whether the content is compared.
        deep: bool,
    },
    /// Make a write. Answered by [`Event::Written`], or by [`Event::Refused`] if API Center refuses a definition for
    /// good, which does not end the work.
    Write(Write),
    /// Export a stage. Answered by [`Event::Exported`], or by [`Event::NotExported`], which does not end the work.
    Export {
        /// The member whose stage it is.
        from: SourceKey,
        /// The stage.
        stage: String,
        /// The document's new servers; `None` to leave them as exported.
        servers: Option<Vec<String>>,
    },
    /// Import a document. Answered by [`Event::Imported`], or by [`Event::Refused`] if API Center refuses it for good,
    /// which does not end the work.
    Import(Box<Import>),
    /// Wait for the guard's verdict on the removals of all APIs. Answered by [`Event::Judged`].
    AwaitRemovals,
    /// List the stages of these members again, right before a removal. Answered by [`Event::Stages`].
    ReadStages(BTreeSet<SourceKey>),
    /// Nothing is left to do.
    Done,
}

/// The step that exports a stage.
pub(super) fn export(stage_name: &str, desired: &DesiredDeployment) -> Step {
    Step::Export {
        from: desired.from.clone(),
        stage: stage_name.to_owned(),
        servers: desired.servers.clone(),
    }
}

/// A document to import into a definition.
#[derive(Debug)]
pub struct Import {
    /// The definition.
    pub definition: Owned,
    /// The document.
    pub document: Document,
    /// Whether to read the definition back, after it was found changed: a service that rewrites texts is noted instead
    /// of getting the same text again and again.
    pub verify: bool,
}

/// The result of a step.
#[derive(Debug)]
pub enum Event {
    /// The work begins.
    Begin,
    /// An entity exists where the API was to be created.
    Found(Box<Entity>),
    /// A write succeeded, with API Center's answer unless it was a deletion.
    Written(Option<Box<Entity>>),
    /// API Center refuses a definition or its content for good, for this reason.
    Refused(String),
    /// What is below the API.
    Below(Below),
    /// The result of an export.
    Exported(Export),
    /// The export got no usable answer.
    NotExported {
        /// The reason.
        why: String,
        /// Whether AWS refuses the account as a whole.
        is_account_wide: bool,
    },
    /// The document was imported, with the digest of the stored content if it was read back.
    Imported(Option<String>),
    /// The names of the allowed removals.
    Judged(BTreeSet<EntityName>),
    /// The version names of the existing stages, by member that exists and still belongs.
    Stages(BTreeMap<SourceKey, BTreeSet<EntityName>>),
}

/// The outcome for an API.
#[derive(Debug, Default)]
pub struct Done {
    /// Whether it was created.
    pub created: bool,
    /// Whether anything of it was written.
    pub updated: bool,
    /// Whether it is not ours and was left alone.
    pub left_alone: bool,
    /// Why it is another run's for now.
    pub remaining: Option<String>,
    /// What is skipped.
    pub skips: Vec<Skip>,
    /// Somebody else's entities in the way.
    pub conflicts: Vec<Conflict>,
    /// The number of imported definitions.
    pub definitions_written: usize,
    /// Why something could not be written or exported now.
    pub failures: Vec<String>,
    /// How many of these are refusals of the account.
    pub refusals: usize,
    /// The names of the finished removals.
    pub removed: BTreeSet<EntityName>,
}
