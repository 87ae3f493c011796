//! Types of queries and responses that only HTTP has.

use std::marker::PhantomData;

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::engine::{ApiCondition, Condition, IntegrationView, Word};

/// The selected integrations.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct IntegrationList {
    /// The integrations, by name.
    pub value: Vec<IntegrationView>,
}

/// A deletion that ran out of time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct UnfinishedDeletion {
    /// The number of APIs left.
    pub remaining: usize,
    /// What to do, for people.
    pub message: String,
}

/// A state of integrations in a query.
pub(super) type AnyCondition = AnyOf<Condition>;
/// A state of APIs in a query.
pub(super) type AnyApiCondition = AnyOf<ApiCondition>;

/// A state in a query, or an empty text, which forms send for any.
pub(super) struct AnyOf<State>(PhantomData<State>);

impl<State: Word> PartialSchema for AnyOf<State> {
    fn schema() -> RefOr<Schema> {
        let words = State::ALL.iter().map(|state| state.word()).chain([""]);
        let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
        words.build().into()
    }
}

impl<State: Word> ToSchema for AnyOf<State> {}
