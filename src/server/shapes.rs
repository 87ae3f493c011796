//! Shapes of queries and answers that only HTTP has.

use std::marker::PhantomData;

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::engine::{ApiCondition, Condition, IntegrationView, Word};

/// All integrations that were asked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct IntegrationList {
    /// The integrations, by name.
    pub value: Vec<IntegrationView>,
}

/// A deletion that there was not enough time for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct UnfinishedDeletion {
    /// How many APIs are left.
    pub remaining: usize,
    /// What to do, for people.
    pub message: String,
}

/// A state of integrations in a query.
pub(super) type AnyCondition = AnyOf<Condition>;
/// A state of APIs in a query.
pub(super) type AnyApiCondition = AnyOf<ApiCondition>;

/// A state in a query, or an empty text, which a form sends for any.
pub(super) struct AnyOf<State>(PhantomData<State>);

impl<State: Word> PartialSchema for AnyOf<State> {
    fn schema() -> RefOr<Schema> {
        let words = State::ALL.iter().map(|state| state.word()).chain([""]);
        let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
        words.build().into()
    }
}

impl<State: Word> ToSchema for AnyOf<State> {}
