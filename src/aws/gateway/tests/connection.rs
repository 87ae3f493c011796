//! Connections, limits and time.

use super::*;

#[tokio::test]
async fn nothing_is_sent_once_the_budget_is_spent() {
    let bench = Bench::with_budget(vec![answer(200, r#"{"item":[]}"#)], Duration::ZERO).await;
    let error = bench.gateway.check(&rest()).await.unwrap_err();
    assert!(matches!(error, GatewayError::OutOfTime { .. }), "{error:?}");
    assert_eq!(bench.attempts(), 0);
}

#[tokio::test]
async fn connecting_takes_region_and_limits_and_no_profile() {
    let region = Region::parse("eu-central-1").unwrap();
    let pacer = Arc::new(Pacer::new(5.0, NonZeroU32::new(10).unwrap()));
    let traffic = Arc::<Traffic>::default();
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    let connection = AwsConnection::new(&Transport::new(), &region, pacer, Arc::clone(&traffic), budget).await;
    let gateway = GatewayClient::connect(connection, credentials());
    let config = gateway.rest.config();
    assert_eq!(config.region().map(AsRef::as_ref), Some("eu-central-1"));
    assert_eq!(
        config.retry_config().map(RetryConfig::max_attempts),
        Some(ATTEMPTS),
        "retries"
    );
    let timeouts = config.timeout_config().unwrap();
    assert_eq!(timeouts.operation_attempt_timeout(), Some(ATTEMPT_TIMEOUT));
    assert_eq!(timeouts.operation_timeout(), Some(OPERATION_TIMEOUT));
    assert_eq!(traffic.requests(), 0);
}

#[tokio::test]
async fn requests_are_signed_and_connecting_sends_nothing() {
    let bench = Bench::new(vec![answer(200, r#"{"item":[]}"#)]).await;
    assert_eq!(bench.requests(), Vec::<String>::new());
    assert_eq!(bench.gateway.check(&rest()).await, Ok(()));
    assert_eq!(bench.requests(), ["GET /restapis?limit=500"]);
}

#[tokio::test]
async fn a_listing_after_the_check_does_not_ask_for_the_first_page_again() {
    let pages = vec![
        answer(200, r#"{"item":[{"id":"a1"}],"position":"next"}"#),
        answer(200, r#"{"item":[{"id":"a2"}]}"#),
        answer(200, r#"{"item":[{"id":"a3"}]}"#),
    ];
    let bench = Bench::new(pages).await;
    bench.gateway.check(&rest()).await.unwrap();
    let ids = |listing: Listing| -> Vec<String> { listing.apis.iter().map(|api| api.id.to_string()).collect() };
    assert_eq!(ids(bench.gateway.rest_apis().await.unwrap()), ["a1", "a2"]);
    assert_eq!(bench.attempts(), 2);
    assert_eq!(
        ids(bench.gateway.rest_apis().await.unwrap()),
        ["a3"],
        "the next one starts over"
    );
}

impl Bench {
    fn redirect(&mut self, listener: &TcpListener) {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = self.gateway.rest.config().to_builder().endpoint_url(url).build();
        self.gateway.rest = aws_sdk_apigateway::Client::from_conf(config);
    }
}

#[tokio::test]
async fn a_gateway_that_nobody_listens_for_cannot_be_reached() {
    let mut bench = Bench::new(vec![answer(200, "{}")]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.redirect(&listener);
    drop(listener);
    let error = bench.gateway.check(&rest()).await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    assert!(error.to_string().to_lowercase().contains("connect"), "{error}");
    assert_eq!(bench.attempts(), 2, "it is tried once more, and no more");
}

#[tokio::test]
async fn a_gateway_whose_first_list_cannot_connect_is_not_asked_for_its_second() {
    let mut bench = Bench::new(vec![answer(200, "{}")]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.redirect(&listener);
    drop(listener);
    let error = bench.gateway.lists(&ApiType::ALL.into()).await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    assert_eq!(bench.requests(), Vec::<String>::new());
    assert_eq!(bench.attempts(), 2, "it is tried once more, and no more");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_tried_again_and_then_unavailable() {
    let mut bench = Bench::new(vec![answer(200, "{}")]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.redirect(&listener);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
            let _ = connection.write_all(answer).await;
        }
    });
    let error = bench.gateway.rest_apis().await.unwrap_err();
    assert!(matches!(error, GatewayError::Unavailable { .. }), "{error:?}");
    assert!(!error.is_unreachable());
    assert_eq!(bench.attempts(), u64::from(ATTEMPTS));
}
