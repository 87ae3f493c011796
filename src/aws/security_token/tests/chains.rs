//! Roles that are assumed with the session of another, many of them, and what passes by itself.

use super::*;

/// A role in each of so many accounts, with the session of one role.
fn members(bench: &Bench, count: u64) -> Vec<AssumedRole> {
    let of_account = |number: u64| {
        let role = format!("arn:aws:iam::{number:012}:role/team/member");
        let proof = Proof::Role {
            hub: bench.role.clone(),
            external_id: Some(ExternalId::parse("shop:42").unwrap()),
        };
        let role = RoleArn::parse(&role, &bench.connection.region).unwrap();
        AssumedRole::new(&bench.connection, role, &IntegrationName::parse("shop").unwrap(), proof)
    };
    (1..=count).map(of_account).collect()
}

fn member_session(number: u32) -> (u16, String) {
    session("AssumeRole", number, LATER)
}

/// All of them at once, as by four regions each.
async fn all_regions(members: &[AssumedRole]) -> Vec<Result<Credentials, RoleError>> {
    let clones = members.iter().flat_map(|member| std::iter::repeat_n(member.clone(), 4));
    let all = clones.map(|member| async move { member.current().await });
    futures::future::join_all(all).await
}

#[tokio::test(start_paused = true)]
async fn a_member_is_assumed_with_the_session_of_the_hub_and_the_external_id() {
    let bench = Bench::keyless(vec![for_token(1, LATER), member_session(2)]);
    let [member] = members(&bench, 1).try_into().unwrap();
    assert_eq!(member.current().await.unwrap().access_key_id(), "ASIA2");
    let requests = bench.requests();
    let [(false, _), (true, form)] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    for part in [
        "Action=AssumeRole&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A000000000001%3Arole%2Fteam%2Fmember&",
        "RoleSessionName=apicenter-shop&",
        "ExternalId=shop%3A42",
    ] {
        assert!(form.contains(part), "{part} {form}");
    }
    assert!(!form.contains("DurationSeconds"), "{form}");
    assert_eq!(*bench.script.sessions.lock().unwrap(), ["", "token1"]);
}

#[tokio::test(start_paused = true)]
async fn forty_accounts_take_a_call_each_and_one_more_for_every_throttle_five_at_a_time() {
    let throttled = || refused(400, "Throttling", "Rate exceeded");
    let answers = vec![throttled(), throttled(), throttled(), member_session(1)];
    let bench = Bench::with_key(answers);
    let of_key = |number: u64| {
        let key = AccessKey::new(KEY_ID.into(), KEY.into());
        let role = RoleArn::parse(
            &format!("arn:aws:iam::{number:012}:role/member"),
            &bench.connection.region,
        )
        .unwrap();
        let proof = Proof::AccessKey { key, external_id: None };
        AssumedRole::new(&bench.connection, role, &IntegrationName::parse("shop").unwrap(), proof)
    };
    let members: Vec<AssumedRole> = (1..=40).map(of_key).collect();
    assert!(all_regions(&members).await.iter().all(Result::is_ok));
    assert_eq!(bench.requests().len(), 43);
    assert_eq!(bench.script.most_in_flight.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn forty_accounts_of_a_hub_share_its_session() {
    let bench = Bench::keyless(vec![for_token(1, LATER), member_session(2)]);
    assert!(all_regions(&members(&bench, 40)).await.iter().all(Result::is_ok));
    assert_eq!(bench.requests().len(), 41);
    assert!(bench.script.most_in_flight.load(Ordering::Relaxed) <= 5);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_refused_is_asked_for_once() {
    let bench = Bench::keyless(vec![refused(403, "AccessDenied", "no")]);
    let all = all_regions(&members(&bench, 40)).await;
    for result in all {
        let problem = result.unwrap_err().problem();
        assert_eq!(problem.code, ErrorCode::RoleNotAssumable);
        assert!(problem.message.contains(ROLE), "{problem}");
    }
    assert_eq!(bench.requests().len(), 1);
    tokio::time::advance(FAILURE_KEPT).await;
    bench.refusal().await;
    assert_eq!(bench.requests().len(), 2, "it may be mended by now");
}

#[tokio::test(start_paused = true)]
async fn a_hubs_session_that_has_ended_is_renewed_once_and_nothing_is_refused() {
    let ended = refused(
        403,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
    let bench = Bench::keyless(vec![
        for_token(1, LATER),
        member_session(2),
        ended,
        for_token(3, LATER),
        member_session(4),
    ]);
    let [first, second] = members(&bench, 2).try_into().unwrap();
    assert_eq!(first.current().await.unwrap().access_key_id(), "ASIA2");
    assert_eq!(second.current().await.unwrap().access_key_id(), "ASIA4");
    assert_eq!(
        *bench.script.sessions.lock().unwrap(),
        ["", "token1", "token1", "", "token3"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_at_once_again_is_an_error_that_names_it() {
    let bench = Bench::keyless(vec![
        for_token(1, LATER),
        refused(400, "ExpiredTokenException", "no"),
        for_token(2, LATER),
        refused(400, "ExpiredTokenException", "no"),
    ]);
    let [member] = members(&bench, 1).try_into().unwrap();
    let error = member.current().await.unwrap_err();
    assert!(matches!(error, RoleError::AuthenticationFailed { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&format!("the temporary credentials of the role {ROLE}")),
        "{error}"
    );
    assert_eq!(bench.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_given_up_once_whoever_notices() {
    let bench = Bench::keyless(vec![for_token(1, LATER), for_token(2, LATER)]);
    let stale = bench.role.current().await.unwrap();
    for _ in 0..3 {
        bench.role.discard(&stale).await;
        assert_eq!(bench.role.current().await.unwrap().access_key_id(), "ASIA2");
    }
    assert_eq!(bench.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_verification_key_that_could_not_be_had_once_is_no_failure() {
    let words = "Couldn't retrieve verification key from your identity provider, please reference the documentation";
    for passing in [
        refused(400, "InvalidIdentityToken", words),
        refused(400, "IDPCommunicationError", "no"),
    ] {
        let bench = Bench::keyless(vec![passing, for_token(1, LATER)]);
        assert!(bench.role.current().await.is_ok());
        assert_eq!(bench.requests().len(), 2);
    }
    let bench = Bench::keyless(vec![refused(400, "InvalidIdentityToken", words)]);
    let began = Instant::now();
    let error = bench.refusal().await;
    assert_eq!(error.problem().code, ErrorCode::ServiceUnavailable);
    assert!(
        !error.is_account_wide() && began.elapsed() <= Duration::from_secs(10),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_denied_member_is_named_with_all_that_it_may_be() {
    let bench = Bench::keyless(vec![
        for_token(1, LATER),
        refused(403, "AccessDenied", "User is not authorized"),
    ]);
    let [member] = members(&bench, 1).try_into().unwrap();
    let error = all_regions(&[member]).await.remove(0).unwrap_err();
    assert_eq!(error.problem().code, ErrorCode::RoleNotAssumable);
    insta::assert_snapshot!(error, @"AssumeRole of role arn:aws:iam::000000000001:role/team/member: AWS refuses: AccessDenied: User is not authorized (AWS does not say which: the role does not exist, its trust policy does not name the role arn:aws:iam::123456789012:role/sync, it requires another externalId, or the role arn:aws:iam::123456789012:role/sync may not call sts:AssumeRole on it; StackSets never deploy to the management account, which needs its own stack)");
    assert_eq!(bench.requests().len(), 2, "its regions share the answer");
}
