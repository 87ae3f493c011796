//! Rules: which properties each kind of entity has and what they may hold.
//!
//! From the swagger of `Microsoft.ApiCenter` 2024-03-01 and the service's own exported schemas, the stricter of both.
//! Texts are measured in UTF-16 units.

use super::path::Kind;

/// The rule for a property's value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Text {
        min: usize,
        max: usize,
    },
    /// One of some words.
    Word(&'static [&'static str]),
    /// One of some words, in any case; stored as written.
    WordAnyCase(&'static [&'static str]),
    /// A link. The service was recorded to accept `example.com`, so this is any text without spaces.
    Link {
        max: usize,
    },
    /// A URI, or a relative reference such as `/api/v3`: specifications name such servers, and `az apic api register` sends
    /// them as they are.
    UriReference {
        max: usize,
    },
    Email {
        max: usize,
    },
    Flag,
    List {
        max: usize,
        item: &'static Rule,
    },
    Object(&'static [Field]),
    /// An object whose members have their own rules.
    AnyObject,
    /// Ignored in requests; the service's own value stays.
    ReadOnly,
}

/// The value in a response of a property that was not sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Absent {
    Refused,
    Omitted,
    EmptyList,
    EmptyObject,
    False,
}

/// One property.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub name: &'static str,
    pub rule: Rule,
    pub absent: Absent,
}

/// The properties of a kind, in the order of responses.
pub(super) fn fields(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::MetadataSchema => METADATA_SCHEMA,
        Kind::Workspace => WORKSPACE,
        Kind::Environment => ENVIRONMENT,
        Kind::Api => API,
        Kind::Version => VERSION,
        Kind::Definition => DEFINITION,
        Kind::Deployment => DEPLOYMENT,
    }
}

const UNLIMITED: usize = usize::MAX;
const TITLE: Rule = text(1, 50);
const LINK: Rule = Rule::Link { max: 200 };
const URI: Rule = Rule::UriReference { max: 200 };
const LONG_LINK: Rule = Rule::Link { max: UNLIMITED };
const LIFECYCLE_STAGE: Rule = Rule::Word(&[
    "design",
    "development",
    "testing",
    "preview",
    "production",
    "deprecated",
    "retired",
]);
const EXTERNAL_DOCUMENTATION_ITEM: Rule = Rule::Object(EXTERNAL_DOCUMENTATION);
const CONTACT_ITEM: Rule = Rule::Object(CONTACT);
const ASSIGNMENT_ITEM: Rule = Rule::Object(ASSIGNMENT);

const API: &[Field] = &[
    required("title", TITLE),
    optional("summary", text(0, 200)),
    optional("description", text(0, 1000)),
    required(
        "kind",
        Rule::WordAnyCase(&["rest", "graphql", "grpc", "soap", "webhook", "websocket"]),
    ),
    optional("lifecycleStage", Rule::ReadOnly),
    optional("termsOfService", Rule::Object(&[required("url", LINK)])),
    optional("license", Rule::Object(LICENSE)),
    field(
        "externalDocumentation",
        list(20, &EXTERNAL_DOCUMENTATION_ITEM),
        Absent::EmptyList,
    ),
    field("contacts", list(UNLIMITED, &CONTACT_ITEM), Absent::EmptyList),
    field("customProperties", Rule::AnyObject, Absent::EmptyObject),
];

const LICENSE: &[Field] = &[
    optional("name", text(0, 50)),
    optional("url", LINK),
    optional("identifier", Rule::Link { max: 50 }),
];

const EXTERNAL_DOCUMENTATION: &[Field] = &[
    optional("title", text(0, 50)),
    optional("description", text(0, 500)),
    required("url", LINK),
];

const CONTACT: &[Field] = &[
    optional("name", text(0, 100)),
    optional("url", LINK),
    optional("email", Rule::Email { max: 100 }),
];

const VERSION: &[Field] = &[required("title", TITLE), required("lifecycleStage", LIFECYCLE_STAGE)];

const DEFINITION: &[Field] = &[
    required("title", TITLE),
    optional("description", text(0, UNLIMITED)),
    optional("specification", Rule::ReadOnly),
];

const DEPLOYMENT: &[Field] = &[
    optional("title", TITLE),
    optional("description", text(0, 500)),
    optional("environmentId", text(1, UNLIMITED)),
    optional("definitionId", text(1, UNLIMITED)),
    optional("state", Rule::Word(&["active", "inactive"])),
    optional(
        "server",
        Rule::Object(&[field("runtimeUri", list(200, &URI), Absent::Refused)]),
    ),
    field("customProperties", Rule::AnyObject, Absent::EmptyObject),
    field("recommended", Rule::ReadOnly, Absent::False),
];

const ENVIRONMENT: &[Field] = &[
    required("title", TITLE),
    required("kind", Rule::Word(&["development", "testing", "staging", "production"])),
    optional("description", text(0, 1000)),
    optional("server", Rule::Object(SERVER)),
    optional("onboarding", Rule::Object(ONBOARDING)),
    field("customProperties", Rule::AnyObject, Absent::EmptyObject),
];

const SERVER: &[Field] = &[
    optional(
        "type",
        Rule::Word(&[
            "Azure API Management",
            "Azure compute service",
            "Apigee API Management",
            "AWS API Gateway",
            "Kong API Gateway",
            "Kubernetes",
            "MuleSoft API Management",
        ]),
    ),
    optional("managementPortalUri", list(1, &LONG_LINK)),
];

const ONBOARDING: &[Field] = &[
    optional("instructions", text(0, 1000)),
    optional("developerPortalUri", list(1, &LONG_LINK)),
];

const METADATA_SCHEMA: &[Field] = &[
    field("assignedTo", list(UNLIMITED, &ASSIGNMENT_ITEM), Absent::EmptyList),
    required("schema", text(1, UNLIMITED)),
];

const ASSIGNMENT: &[Field] = &[
    required("entity", Rule::Word(&["api", "environment", "deployment"])),
    field("required", Rule::Flag, Absent::False),
    field("deprecated", Rule::Flag, Absent::False),
];

const WORKSPACE: &[Field] = &[required("title", TITLE), optional("description", text(0, UNLIMITED))];

const fn text(min: usize, max: usize) -> Rule {
    Rule::Text { min, max }
}

const fn list(max: usize, item: &'static Rule) -> Rule {
    Rule::List { max, item }
}

const fn field(name: &'static str, rule: Rule, absent: Absent) -> Field {
    Field { name, rule, absent }
}

const fn required(name: &'static str, rule: Rule) -> Field {
    field(name, rule, Absent::Refused)
}

const fn optional(name: &'static str, rule: Rule) -> Field {
    field(name, rule, Absent::Omitted)
}
