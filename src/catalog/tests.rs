//! What an integration keeps stays within bounds, however much there is to tell.

use serde_json::json;

use super::history::History;
use super::journal::{Confirmation, Journal};
use super::settings::{Held, set_outcome};
use crate::model::{
    AccountId, ApiType, Conflict, Failure, FieldPath, Gateway, GatewayReport, GatewayState, INTEGRATION_SCHEMA,
    Outcome, Properties, Region, Report, Requests, SkipReason, Skipped, Totals,
};

/// 250 accounts in four regions.
const GATEWAYS: usize = 1000;
const APIS: usize = 10_000;
/// What an environment of ours may take, in bytes. No limit of API Center's is known for a text in metadata; a request to
/// Azure Resource Manager may have 4 MiB, and every call reads all environments.
const BOUND: usize = 256 * 1024;

fn gateway(number: usize) -> Gateway {
    let region = ["us-east-1", "eu-west-1", "ap-southeast-2", "eu-central-1"][number % 4];
    Gateway {
        account: AccountId::parse(&format!("{:012}", 111_111_111_111 + number / 4)),
        region: Region::parse(region).unwrap(),
    }
}

/// As long as AWS's and ours get, with what JSON escapes.
fn message() -> String {
    "User: \"arn:aws:sts::100000000002:assumed-role/hub\" is not authorized: é. ".repeat(100)
}

fn report() -> Report {
    let gateways = (0..GATEWAYS).map(|number| {
        let Gateway { account, region } = gateway(number);
        // Those that are to be looked at come last.
        let is_read = number < GATEWAYS - 30;
        GatewayReport {
            source: Some("a-long-source-16".to_owned()),
            account: account.map(|account| account.to_string()),
            region: region.to_string(),
            state: if is_read {
                GatewayState::Read
            } else {
                GatewayState::Denied
            },
            apis: Some(APIS / GATEWAYS),
            held: None,
            deletions_id: None,
            message: (!is_read).then(message),
        }
    });
    let failed = |number: usize| {
        let (id, title) = (format!("{number:010}"), Some("T".repeat(50)));
        Failure::of(ApiType::Rest, id, title, &gateway(number % GATEWAYS), message())
    };
    let skipped = |number: usize| Skipped {
        api_id: format!("{number:010}"),
        title: Some("T".repeat(50)),
        api_type: ApiType::Rest,
        account: Some("111111111111".to_owned()),
        region: "us-east-1".to_owned(),
        stage_name: Some("s".repeat(128)),
        reason: SkipReason::ExportRefused,
        message: message(),
    };
    Report {
        message: Some(message()),
        gateways: gateways.collect(),
        failed: (0..APIS).map(failed).collect(),
        skipped: (0..APIS).map(skipped).collect(),
        conflicts: (0..APIS)
            .map(|number| Conflict {
                name: format!("apis/{}{number:010}/versions/{}", "i".repeat(60), "v".repeat(80)),
            })
            .collect(),
        ..Report::empty(Outcome::Partial, Requests::default())
    }
}

#[test]
fn a_thousand_gateways_and_what_became_of_ten_thousand_apis_fit_into_an_environment() {
    let gateways: Vec<String> = (0..GATEWAYS).map(|number| gateway(number).to_string()).collect();
    let confirmation = Confirmation {
        id: "0123456789abcdef".to_owned(),
        left: APIS,
    };
    let mut journal = Journal::default();
    journal.held = Some(gateways.iter().cloned().collect());
    let confirmed = gateways.into_iter().map(|gateway| (gateway, confirmation.clone()));
    journal.confirmed = confirmed.collect();
    let report = report();
    let mut history = History::default();
    for _ in 0..30 {
        history = history.with(&report);
    }
    let mut properties = Properties::new();
    FieldPath::new(&["customProperties", INTEGRATION_SCHEMA]).set(&mut properties, Some(json!({ "name": "shop" })));
    set_outcome(&mut properties, &report, &journal, &history);

    let size = json!(properties).to_string().len();
    assert!(size < BOUND, "{size}");
    let held = Held::of(&properties).unwrap();
    // What the next run needs is whole.
    assert_eq!(held.journal(), journal);
    let kept = held.report().unwrap();
    let totals = Totals {
        skipped: APIS,
        failed: APIS,
        conflicts: APIS,
        gateways: GATEWAYS,
        gateways_to_look_at: 30,
    };
    assert_eq!(kept.totals, Some(totals));
    let lengths = [
        kept.skipped.len(),
        kept.failed.len(),
        kept.conflicts.len(),
        kept.gateways.len(),
    ];
    assert_eq!(lengths, [20; 4]);
    assert!(
        kept.gateways
            .iter()
            .all(|gateway| gateway.state == GatewayState::Denied)
    );
    // It may be stored again, as a `PUT` does.
    assert_eq!(kept.for_storage(), kept);
}
