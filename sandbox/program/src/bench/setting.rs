//! What is measured, and the clouds that it is measured between.

use std::path::PathBuf;
use std::time::Duration;

use sandbox::cloud::{Cloud, CloudError, CloudOptions};
use sandbox::estate::{FullEstate, large, large_mixed, large_mixed_redeployed, large_redeployed};
use sandbox::functions_host::HostError;
use sandbox::scenario::ScenarioError;

/// How long an answer of the clouds takes, before it is sped up.
const LATENCY: Duration = Duration::from_millis(50);
/// Entities on a page of an API Center list; what the service has on one is not documented.
const CATALOG_PAGE: usize = 100;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The integration is there, and nothing else.
    First,
    /// Nothing has changed since the last run.
    Unchanged,
    /// One of a hundred APIs was redeployed.
    Changed,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 3] = [Self::First, Self::Unchanged, Self::Changed];

    /// Its word in tables and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
        }
    }
}

/// What the gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway {
    /// APIs.
    pub apis: usize,
    /// Whether they are of all kinds, and not only REST APIs.
    pub mixed: bool,
}

impl Gateway {
    /// All of it.
    #[must_use]
    pub fn estate(self) -> FullEstate {
        if self.mixed {
            large_mixed(self.apis)
        } else {
            large(self.apis).into()
        }
    }

    /// The APIs that change, newly deployed.
    #[must_use]
    pub fn redeployed(self) -> FullEstate {
        if self.mixed {
            large_mixed_redeployed(self.apis)
        } else {
            large_redeployed(self.apis).into()
        }
    }
}

/// What is measured with.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The handler.
    pub handler: PathBuf,
    /// What the gateway has.
    pub gateway: Gateway,
    /// By how much the clouds are sped up.
    pub factor: f64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The clouds do not start.
    #[error("starting the clouds failed")]
    Cloud(#[from] CloudError),
    /// The handler does not work.
    #[error("running the handler failed")]
    Scenario(#[from] ScenarioError),
    /// The Functions host does not work.
    #[error("running the Functions host failed")]
    Host(#[from] HostError),
    /// What a process uses cannot be read.
    #[error("reading what a process uses failed")]
    Usage(#[from] std::io::Error),
    /// A run did something else than it should.
    #[error("the {phase} run went wrong: {what}")]
    Run {
        /// Which run.
        phase: &'static str,
        /// What it said.
        what: String,
    },
}

/// Clouds with the real budgets, sped up.
pub(super) async fn sped_up_cloud(setting: &Setting) -> Result<Cloud, BenchError> {
    let mut options = CloudOptions {
        latency: LATENCY.div_f64(setting.factor),
        ..CloudOptions::default()
    };
    options.api_center.page_size = CATALOG_PAGE;
    let (center, gateway) = (&mut options.api_center, &mut options.api_gateway);
    for (rate, _) in [
        &mut center.reads,
        &mut center.writes,
        &mut center.deletes,
        &mut gateway.rate,
    ] {
        *rate *= setting.factor;
    }
    let cloud = Cloud::start(options).await?;
    cloud.record.keep_no_bodies();
    // The plan has room for ten thousand APIs, the sample of a new API center included.
    cloud.api_center.remove("apis/swagger-petstore");
    Ok(cloud)
}
