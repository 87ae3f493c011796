//! The service over HTTP, and its sessions with the gateway.

mod chains;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use url::form_urlencoded;

use super::{OidcProvider, Role, Trust};
use crate::clock::now;
use crate::cloud::{AUDIENCE, Cloud, CloudOptions, ROLE_ARN};
use crate::keyring::USER_ARN;
use crate::token::{Claims, ISSUER, OBJECT_ID};

const FORM: &str = "application/x-www-form-urlencoded";

struct World {
    cloud: Cloud,
    client: reqwest::Client,
}

/// A status, and the text of the answer's elements.
#[derive(Debug)]
struct Answered {
    status: u16,
    text: String,
}

impl Answered {
    fn element(&self, name: &str) -> &str {
        let open = format!("<{name}>");
        let from = self.text.find(&open).map(|at| at + open.len());
        let rest = from.map_or("", |from| &self.text[from..]);
        rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text)
    }

    fn refusal(&self) -> (u16, &str) {
        (self.status, self.element("Code"))
    }

    fn credentials(&self) -> Credentials {
        let token = self.element("SessionToken").to_owned();
        Credentials::new(
            self.element("AccessKeyId"),
            self.element("SecretAccessKey"),
            Some(token),
            None,
            "test",
        )
    }
}

impl World {
    async fn new() -> Self {
        Self {
            cloud: Cloud::start(CloudOptions::default().unthrottled()).await.unwrap(),
            client: reqwest::Client::new(),
        }
    }

    fn key(&self) -> Credentials {
        Credentials::new(
            &self.cloud.aws_access_key_id,
            &self.cloud.aws_secret_access_key,
            None,
            None,
            "test",
        )
    }

    async fn send(
        &self,
        base: &str,
        (service, region): (&str, &str),
        target: &str,
        body: &str,
        signer: Option<&Credentials>,
    ) -> Answered {
        let url = format!("{base}{target}");
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut request = self
            .client
            .request(method.parse().unwrap(), &url)
            .header("content-type", FORM);
        if let Some(credentials) = signer {
            let identity = credentials.clone().into();
            let parameters = v4::SigningParams::builder()
                .identity(&identity)
                .region(region)
                .name(service)
                .time(now())
                .settings(SigningSettings::default())
                .build()
                .unwrap()
                .into();
            let host = base.strip_prefix("http://").unwrap();
            let headers = [("host", host), ("content-type", FORM)];
            let body = SignableBody::Bytes(body.as_bytes());
            let signable = SignableRequest::new(method, &url, headers.into_iter(), body).unwrap();
            let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
            for (name, value) in instructions.headers() {
                request = request.header(name, value);
            }
        }
        let response = request.body(body.to_owned()).send().await.unwrap();
        Answered {
            status: response.status().as_u16(),
            text: response.text().await.unwrap(),
        }
    }

    /// Posts a form; a parameter that is given again replaces the one before.
    async fn ask(&self, parameters: &[(&str, &str)], signer: Option<&Credentials>) -> Answered {
        self.ask_in(&self.cloud.region, parameters, signer).await
    }

    /// The same, signed for a region.
    async fn ask_in(&self, region: &str, parameters: &[(&str, &str)], signer: Option<&Credentials>) -> Answered {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (place, (name, value)) in parameters.iter().enumerate() {
            if !parameters[place + 1..].iter().any(|(later, _)| later == name) {
                form.append_pair(name, value);
            }
        }
        self.send(self.cloud.sts_url(), ("sts", region), "/", &form.finish(), signer)
            .await
    }

    async fn by_token(&self, token: &str, more: &[(&str, &str)]) -> Answered {
        let usual = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", ROLE_ARN),
            ("RoleSessionName", "shop"),
            ("WebIdentityToken", token),
        ];
        self.ask(&[&usual, more].concat(), None).await
    }

    async fn by_key(&self, more: &[(&str, &str)]) -> Answered {
        let usual = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", ROLE_ARN),
            ("RoleSessionName", "shop"),
        ];
        self.ask(&[&usual, more].concat(), Some(&self.key())).await
    }

    async fn list_apis(&self, signer: &Credentials) -> u16 {
        let base = self.cloud.api_gateway_url();
        let scope = ("apigateway", self.cloud.region.as_str());
        self.send(base, scope, "/restapis", "", Some(signer)).await.status
    }
}

fn token() -> String {
    claims().signed()
}

fn claims() -> Claims {
    Claims::new(AUDIENCE, OBJECT_ID, Duration::from_mins(5))
}

#[tokio::test]
async fn a_token_buys_a_session_that_the_gateway_takes_until_it_ends() {
    let world = World::new().await;
    let answer = world.by_token(&token(), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.element("Arn"),
        "arn:aws:sts::123456789012:assumed-role/apicenter-aws-sync/shop"
    );
    assert_eq!(answer.element("SubjectFromWebIdentityToken"), OBJECT_ID);
    assert_eq!(answer.element("Audience"), AUDIENCE);
    assert!(
        answer
            .element("Provider")
            .ends_with("oidc-provider/sts.windows.net/11111111-1111-4111-8111-111111111111/")
    );
    let credentials = answer.credentials();
    assert!(credentials.access_key_id().starts_with("ASIA"));
    assert_eq!(world.list_apis(&credentials).await, 200);
    let alone = Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        None,
        None,
        "test",
    );
    assert_eq!(world.list_apis(&alone).await, 403, "without its session token");
    world.cloud.sts.end_sessions();
    assert_eq!(world.list_apis(&credentials).await, 403);
    assert_eq!(world.list_apis(&world.key()).await, 200, "keys that last go on");
}

#[tokio::test]
async fn a_key_buys_a_session_with_the_external_id_that_is_asked_for() {
    let world = World::new().await;
    assert_eq!(world.by_key(&[]).await.status, 200);
    let trust = |external_id: Option<&str>| Trust::Principal {
        arn: USER_ARN.to_owned(),
        external_id: external_id.map(str::to_owned),
    };
    world
        .cloud
        .sts
        .put_role(Role::new(ROLE_ARN, vec![trust(Some("shop:42"))]));
    let wrong = world.by_key(&[("ExternalId", "shop:43")]).await;
    assert_eq!(wrong.refusal(), (403, "AccessDenied"));
    assert_eq!(
        wrong.element("Message"),
        format!("User: {USER_ARN} is not authorized to perform: sts:AssumeRole on resource: {ROLE_ARN}")
    );
    assert_eq!(world.by_key(&[]).await.refusal(), (403, "AccessDenied"));
    let session = world.by_key(&[("ExternalId", "shop:42")]).await;
    assert_eq!(world.list_apis(&session.credentials()).await, 200);
    assert_eq!(world.by_token(&token(), &[]).await.refusal(), (403, "AccessDenied"));
}

#[tokio::test]
async fn a_caller_learns_who_it_is() {
    let world = World::new().await;
    let ask = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let user = world.ask(&ask, Some(&world.key())).await;
    assert_eq!(
        (user.element("Arn"), user.element("Account")),
        (USER_ARN, "123456789012")
    );
    let session = world.by_token(&token(), &[]).await.credentials();
    let role = world.ask(&ask, Some(&session)).await;
    assert!(
        role.element("Arn").ends_with("assumed-role/apicenter-aws-sync/shop"),
        "{role:?}"
    );
    assert_eq!(
        world.ask(&ask, None).await.refusal(),
        (403, "MissingAuthenticationToken")
    );
    let unknown = Credentials::new("AKIAUNKNOWN", "secret", None, None, "test");
    assert_eq!(
        world.ask(&ask, Some(&unknown)).await.refusal(),
        (403, "InvalidClientTokenId")
    );
    let wrong = Credentials::new(&world.cloud.aws_access_key_id, "wrong", None, None, "test");
    assert_eq!(
        world.ask(&ask, Some(&wrong)).await.refusal(),
        (403, "SignatureDoesNotMatch")
    );
    world.cloud.sts.end_sessions();
    assert_eq!(world.ask(&ask, Some(&session)).await.refusal(), (403, "ExpiredToken"));
}

#[tokio::test]
async fn tokens_are_refused_for_what_is_wrong_with_them() {
    let world = World::new().await;
    let with = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        claims.signed()
    };
    let (expired, forged) = (with(|it| it.exp = it.iat - 1), format!("{}x", token()));
    for (token, refusal, words) in [
        ("no JWT", (400, "InvalidIdentityToken"), "not a valid JWT"),
        (
            &forged,
            (400, "InvalidIdentityToken"),
            "Couldn't retrieve verification key",
        ),
        (
            &with(|it| it.iss.push('x')),
            (400, "InvalidIdentityToken"),
            "No OpenIDConnect provider found in your account for",
        ),
        (
            &with(|it| it.aud.push('x')),
            (400, "InvalidIdentityToken"),
            "Incorrect token audience",
        ),
        (
            &with(|it| it.azp = Some("app".to_owned())),
            (400, "InvalidIdentityToken"),
            "Incorrect token audience",
        ),
        (&expired, (400, "ExpiredTokenException"), "Token expired"),
        (
            &with(|it| it.sub.push('x')),
            (403, "AccessDenied"),
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
    ] {
        let answer = world.by_token(token, &[]).await;
        assert_eq!(answer.refusal(), refusal, "{answer:?}");
        assert!(answer.element("Message").contains(words), "{answer:?}");
        assert!(!answer.text.contains(token), "{answer:?}");
    }
    let elsewhere = ROLE_ARN.replace("123456789012", "210987654321");
    let other_account = world.by_token(&token(), &[("RoleArn", &elsewhere)]).await;
    assert_eq!(other_account.refusal(), (400, "InvalidIdentityToken"));
    let no_role = world
        .by_token(&token(), &[("RoleArn", "arn:aws:iam::123456789012:role/none")])
        .await;
    assert_eq!(no_role.refusal(), (403, "AccessDenied"));
    world.cloud.sts.put_provider(OidcProvider {
        issuer: ISSUER.to_owned(),
        client_ids: vec!["api://another".to_owned()],
    });
    assert_eq!(
        world.by_token(&token(), &[]).await.element("Message"),
        "Incorrect token audience"
    );
    world.cloud.sts.remove_provider(ISSUER);
    assert!(
        world
            .by_token(&token(), &[])
            .await
            .element("Message")
            .starts_with("No OpenIDConnect provider")
    );
    world.cloud.sts.set_region_disabled(true);
    assert_eq!(
        world.by_token(&token(), &[]).await.refusal(),
        (403, "RegionDisabledException")
    );
}

#[tokio::test]
async fn parameters_are_validated_in_amazons_words() {
    let world = World::new().await;
    for (name, value, words) in [
        (
            "RoleArn",
            "short",
            "Value 'short' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
        ),
        ("RoleArn", "arn:aws:iam::123456789012:user/somebody", "is invalid"),
        (
            "RoleSessionName",
            "a b",
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        ),
        (
            "RoleSessionName",
            "a",
            "Member must have length greater than or equal to 2",
        ),
        ("WebIdentityToken", "abc", "Value '***' at 'webIdentityToken'"),
        (
            "DurationSeconds",
            "899",
            "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
        (
            "DurationSeconds",
            "43201",
            "Member must have value less than or equal to 43200",
        ),
        (
            "DurationSeconds",
            "3601",
            "exceeds the MaxSessionDuration set for this role",
        ),
        ("DurationSeconds", "soon", "not an integer"),
    ] {
        let answer = world.by_token(&token(), &[(name, value)]).await;
        assert_eq!(answer.refusal(), (400, "ValidationError"), "{name} {answer:?}");
        assert!(answer.element("Message").contains(words), "{answer:?}");
    }
    let external_id = world.by_key(&[("ExternalId", "a b")]).await;
    assert_eq!(external_id.refusal(), (400, "ValidationError"));
    let nothing = world
        .ask(
            &[("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15")],
            None,
        )
        .await;
    assert!(
        nothing
            .element("Message")
            .starts_with("2 validation errors detected: Value null at 'roleArn'"),
        "{nothing:?}"
    );
    assert_eq!(
        world.by_token(&token(), &[("Version", "2000-01-01")]).await.refusal(),
        (400, "InvalidAction")
    );
    assert_eq!(
        world
            .by_token(&token(), &[("Action", "GetFederationToken")])
            .await
            .refusal(),
        (400, "InvalidAction")
    );
    assert_eq!(
        world.ask(&[("Version", "2011-06-15")], None).await.refusal(),
        (400, "MissingAction")
    );
}

#[tokio::test]
async fn a_session_lasts_as_long_as_is_asked_for_or_said() {
    let world = World::new().await;
    let ends = |answer: &Answered| {
        let text = answer.element("Expiration").to_owned();
        let ends = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).unwrap();
        i128::from(ends.unix_timestamp()) - i128::from(crate::clock::epoch_seconds(now()))
    };
    let asked = ends(&world.by_token(&token(), &[("DurationSeconds", "900")]).await);
    assert!((890..=900).contains(&asked), "{asked}");
    world.cloud.sts.set_lifetimes([Duration::from_secs(100)]);
    let said = ends(&world.by_token(&token(), &[]).await);
    assert!((90..=100).contains(&said), "{said}");
    let usual = ends(&world.by_token(&token(), &[]).await);
    assert!((3590..=3600).contains(&usual), "{usual}");
}
