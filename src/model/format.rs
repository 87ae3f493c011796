//! The formats of definitions.

/// The format of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenAPI, which Amazon exports.
    OpenApi,
    /// AsyncAPI, which is generated here.
    AsyncApi,
}

impl Format {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::OpenApi, Self::AsyncApi];

    /// What API Center calls it, and the name of a definition of ours.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi",
            Self::AsyncApi => "asyncapi",
        }
    }

    /// The title of a definition of ours.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenApi => "OpenAPI",
            Self::AsyncApi => "AsyncAPI",
        }
    }
}
