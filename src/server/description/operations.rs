//! What there is to describe: every operation with its parameters, its answers and what may be wrong.

use crate::model::ErrorCode;

/// Something that can be called.
#[derive(Debug)]
pub(super) struct Operation {
    /// Below the path of all integrations.
    pub path: &'static str,
    pub method: &'static str,
    pub id: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub parameters: &'static [Parameter],
    pub has_body: bool,
    pub answers: &'static [Answer],
    /// Codes of errors, beside those that every call may be answered with.
    codes: &'static [&'static [ErrorCode]],
}

/// A parameter of the query.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parameter {
    Search,
    Condition,
    ApiCondition,
    Definitions,
    Deep,
    ConfirmDeletions,
    PlanId,
    Api,
}

/// An answer to a call that was done.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub description: &'static str,
    /// The schema of the JSON, by name; an empty one for this description itself.
    pub schema: Option<&'static str>,
    /// Other media types that can be asked for.
    pub also: &'static [&'static str],
}

impl Answer {
    const fn json(status: u16, description: &'static str, schema: &'static str) -> Self {
        Self {
            status,
            description,
            schema: Some(schema),
            also: &[],
        }
    }
}

impl Operation {
    /// Codes of all errors.
    pub fn all_codes(&self) -> Vec<ErrorCode> {
        let own = self.codes.iter().copied().flatten();
        EVERYWHERE.iter().chain(own).copied().collect()
    }
}

/// What any call may be answered with.
const EVERYWHERE: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::MissingSetting,
    ErrorCode::ForwardingDisabled,
    ErrorCode::InternalError,
    ErrorCode::ServiceUnavailable,
];
/// What a call may be answered with that reads the catalog.
const CATALOG: &[ErrorCode] = &[ErrorCode::TooManyRequests, ErrorCode::ApiCenterForbidden];
/// What a call may be answered with whose path has a name.
const NAMED: &[ErrorCode] = &[ErrorCode::InvalidIntegrationName];
/// What a call may be answered with that needs an integration to be there.
const EXISTING: &[ErrorCode] = &[ErrorCode::IntegrationNotFound];
/// What a call may be answered with that reads the gateway.
const GATEWAY: &[ErrorCode] = &[
    ErrorCode::InvalidSecretIdentifier,
    ErrorCode::VaultNotAllowed,
    ErrorCode::SecretNotFound,
    ErrorCode::SecretDisabled,
    ErrorCode::SecretForbidden,
    ErrorCode::AwsAuthenticationFailed,
    ErrorCode::AwsAccessDenied,
    ErrorCode::RoleNotAssumable,
    ErrorCode::UnknownRegion,
    ErrorCode::IntegrationDeleting,
];

/// What a call may be answered with that makes what an integration cannot be without.
const MAKING: &[ErrorCode] = &[ErrorCode::CatalogFull];

const COLLECTION: &str = "";
const ONE: &str = "/{name}";

/// Everything that can be called.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: COLLECTION,
        method: "get",
        id: "listIntegrations",
        summary: "All integrations",
        description: "As JSON, or as the status page.",
        parameters: &[Parameter::Search, Parameter::Condition],
        has_body: false,
        answers: &[Answer {
            also: &["text/html"],
            ..Answer::json(200, "The integrations.", "IntegrationList")
        }],
        codes: &[CATALOG],
    },
    Operation {
        path: "/openapi.json",
        method: "get",
        id: "describe",
        summary: "This description",
        description: "An OpenAPI 3.1 document.",
        parameters: &[],
        has_body: false,
        answers: &[Answer::json(200, "The description.", "")],
        codes: &[],
    },
    Operation {
        path: ONE,
        method: "get",
        id: "getIntegration",
        summary: "One integration",
        description: "As JSON, or as a page with its APIs, which `search` and `state` choose from.",
        parameters: &[Parameter::Search, Parameter::ApiCondition],
        has_body: false,
        answers: &[Answer {
            also: &["text/html"],
            ..Answer::json(200, "The integration.", "Integration")
        }],
        codes: &[CATALOG, NAMED, EXISTING],
    },
    Operation {
        path: ONE,
        method: "put",
        id: "putIntegration",
        summary: "Create an integration, or replace it",
        description: "Everything is checked before anything is written; then the integration is synchronized, as far as time allows.",
        parameters: &[],
        has_body: true,
        answers: &[
            Answer::json(200, "It was replaced.", "Integration"),
            Answer::json(201, "It was created.", "Integration"),
        ],
        codes: &[
            CATALOG,
            NAMED,
            GATEWAY,
            MAKING,
            &[
                ErrorCode::MissingRequiredMetadata,
                ErrorCode::EnvironmentInUse,
                ErrorCode::RegionImmutable,
                ErrorCode::RequestTooLarge,
                ErrorCode::UnsupportedMediaType,
            ],
        ],
    },
    Operation {
        path: ONE,
        method: "delete",
        id: "deleteIntegration",
        summary: "Delete an integration with what it made",
        description: "Nothing on Amazon is touched.",
        parameters: &[],
        has_body: false,
        answers: &[
            Answer::json(
                202,
                "Time ran out: the same call, or the timer, goes on.",
                "UnfinishedDeletion",
            ),
            Answer {
                status: 204,
                description: "Nothing is left.",
                schema: None,
                also: &[],
            },
        ],
        codes: &[CATALOG, NAMED, EXISTING],
    },
    Operation {
        path: "/{name}/sync",
        method: "post",
        id: "synchronize",
        summary: "Synchronize now",
        description: "What the timer does, at once.",
        parameters: &[
            Parameter::Definitions,
            Parameter::Deep,
            Parameter::ConfirmDeletions,
            Parameter::PlanId,
        ],
        has_body: false,
        answers: &[
            Answer::json(200, "What was done.", "Report"),
            Answer::json(
                202,
                "What was done; time ran out, or a throttle outlasts it: the same call after `Retry-After`, or the timer, goes on.",
                "Report",
            ),
        ],
        codes: &[
            CATALOG,
            NAMED,
            EXISTING,
            GATEWAY,
            MAKING,
            &[ErrorCode::PlanChanged, ErrorCode::DefinitionsDisabled],
        ],
    },
    Operation {
        path: "/{name}/plan",
        method: "get",
        id: "plan",
        summary: "What a synchronization would do",
        description: "Reads everything and writes nothing.",
        parameters: &[Parameter::Definitions, Parameter::Deep],
        has_body: false,
        answers: &[Answer {
            also: &["text/plain"],
            ..Answer::json(200, "The plan.", "Plan")
        }],
        codes: &[CATALOG, NAMED, EXISTING, GATEWAY, &[ErrorCode::DefinitionsDisabled]],
    },
    Operation {
        path: "/{name}/doctor",
        method: "get",
        id: "examine",
        summary: "Check every prerequisite",
        description: "Each one under the identity of the app, with what helps; of an integration that does not exist, those that all have.",
        parameters: &[],
        has_body: false,
        answers: &[Answer::json(200, "What was checked.", "Examination")],
        codes: &[NAMED],
    },
    Operation {
        path: "/{name}/explain",
        method: "get",
        id: "explain",
        summary: "Why an API is in the catalog, or is not",
        description: "Reads everything and writes nothing.",
        parameters: &[Parameter::Api],
        has_body: false,
        answers: &[Answer::json(200, "What was found.", "Explanation")],
        codes: &[CATALOG, NAMED, EXISTING, GATEWAY],
    },
];
