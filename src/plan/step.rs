//! What the work on one API asks for, and what it is told.

use std::collections::{BTreeMap, BTreeSet};

use super::below::Below;
use super::fields::Write;
use crate::catalog::{Owned, OwnedApi};
use crate::model::{Conflict, DesiredDeployment, Document, Entity, EntityName, Export, Skip, SourceKey};

/// What is to be done next for an API.
///
/// A step that fails ends the work on the API, unless it says otherwise. What ends the work on the gateway or the run is
/// not about one API: the driver knows that.
#[derive(Debug)]
pub enum Step {
    /// Create the API, if nothing is there. Answered by [`Event::Written`], or by [`Event::Found`] with what is there.
    Create(Write),
    /// List what is below the API; if it is deep, also compare the definitions' content. Answered by [`Event::Below`].
    Read {
        /// The API.
        api: Box<OwnedApi>,
        /// Whether the content is compared.
        deep: bool,
    },
    /// Make a write. Answered by [`Event::Written`]. That API Center refuses a definition for good is told by
    /// [`Event::Refused`] and does not end the work.
    Write(Write),
    /// Export a stage. Answered by [`Event::Exported`], or by [`Event::NotExported`], which does not end the work.
    Export {
        /// The member whose stage it is.
        from: SourceKey,
        /// The stage.
        stage: String,
        /// What the document tells as servers; `None` where that is left as it is exported.
        servers: Option<Vec<String>>,
    },
    /// Import a document. Answered by [`Event::Imported`]; that API Center refuses it for good is told by
    /// [`Event::Refused`] and does not end the work.
    Import(Box<Import>),
    /// Wait until the guard has judged the removals of all APIs. Answered by [`Event::Judged`].
    AwaitRemovals,
    /// List the stages of these members again, right before anything of them is removed. Answered by [`Event::Stages`].
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

/// A document on its way into a definition.
#[derive(Debug)]
pub struct Import {
    /// The definition.
    pub definition: Owned,
    /// The document.
    pub document: Document,
    /// Whether the definition is read back: it was found changed, and a service that rewrites what it is given is noted
    /// and not given the same text again and again.
    pub verify: bool,
}

/// What came of a step.
#[derive(Debug)]
pub enum Event {
    /// The work begins.
    Begin,
    /// Something is where the API was to be created.
    Found(Box<Entity>),
    /// A write was made; what API Center answered, unless it was a deletion.
    Written(Option<Box<Entity>>),
    /// API Center refuses a definition or its content for good, and why.
    Refused(String),
    /// What is below the API.
    Below(Below),
    /// Amazon's answer to an export.
    Exported(Export),
    /// Amazon gave no answer to work with.
    NotExported {
        /// Why.
        why: String,
        /// Whether it refuses the account, whatever is asked for.
        is_account_wide: bool,
    },
    /// The document was imported; the digest of what the catalog holds, where it was read back.
    Imported(Option<String>),
    /// The names of the API's removals that are allowed.
    Judged(BTreeSet<EntityName>),
    /// The names of the versions whose stages Amazon has, of each member that it has and that still is one.
    Stages(BTreeMap<SourceKey, BTreeSet<EntityName>>),
}

/// What became of an API.
#[derive(Debug, Default)]
pub struct Done {
    /// Whether it came into being.
    pub created: bool,
    /// Whether anything of it was written.
    pub updated: bool,
    /// Whether it turned out not to be ours, so that nothing more was done.
    pub left_alone: bool,
    /// Why it is another run's for now.
    pub remaining: Option<String>,
    /// What of it is not in the catalog.
    pub skips: Vec<Skip>,
    /// What is in its way and not ours.
    pub conflicts: Vec<Conflict>,
    /// How many definitions were imported.
    pub definitions_written: usize,
    /// Why something of it could not be written or exported now.
    pub failures: Vec<String>,
    /// How many of these are that Amazon refuses the account.
    pub refusals: usize,
    /// The names of the removals that were made.
    pub removed: BTreeSet<EntityName>,
}
