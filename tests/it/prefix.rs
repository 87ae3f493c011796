//! Function apps whose `host.json` has another `routePrefix` than the usual one.

use std::fs;
use std::path::Path;

use reqwest::{Client, Method};
use sandbox::functions_host::HttpMode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli;
use crate::page::browse;
use crate::world::{SHOP, World, host_options};

/// The repository's application files, with another prefix.
fn app(prefix: &str) -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    for function in ["function-timer", "function-http"] {
        fs::create_dir(folder.path().join(function)).unwrap();
        let file = Path::new(function).join("function.json");
        fs::copy(root.join(&file), folder.path().join(&file)).unwrap();
    }
    let mut host: Value = serde_json::from_str(&fs::read_to_string(root.join("host.json")).unwrap()).unwrap();
    host["extensions"]["http"]["routePrefix"] = json!(prefix);
    fs::write(folder.path().join("host.json"), host.to_string()).unwrap();
    folder
}

async fn world(prefix: &str, mode: HttpMode) -> (World, TempDir) {
    let mut world = World::start().await;
    let folder = app(prefix);
    let mut options = host_options(&world.cloud, &[]);
    options.app_folder = folder.path().to_owned();
    options.mode = Some(mode);
    world.move_to(options).await;
    (world, folder)
}

#[tokio::test]
async fn every_call_works_below_any_prefix_and_names_it() {
    for (prefix, path, mode) in [
        ("", "/integrations", HttpMode::Proxying),
        ("v1/x", "/v1/x/integrations", HttpMode::Proxying),
        ("v1/x", "/v1/x/integrations", HttpMode::Forwarding),
        ("integrations", "/integrations/integrations", HttpMode::Proxying),
    ] {
        let (world, _folder) = world(prefix, mode).await;
        world.cloud.fill_gateway(sandbox::estate::demo());
        assert!(
            world
                .host
                .url("integrations")
                .ends_with(&format!("{}{path}", world.host.base_url()))
        );
        // The host looks for nothing at the usual path then.
        let usual = format!(
            "{}/api/integrations?code={}",
            world.host.base_url(),
            world.host.function_key()
        );
        assert_eq!(Client::new().get(usual).send().await.unwrap().status(), 404, "{prefix}");

        world.put_shop().await;
        world.get(SHOP).await.expect(200);
        world.sync("").await.expect(200);
        world.assert_in_line();

        world.cloud.api_gateway.clear();
        let request = Client::new()
            .get(world.host.url("integrations/shop/plan"))
            .header("x-functions-key", world.host.function_key())
            .header("accept", "text/plain");
        let plan = request.send().await.unwrap().text().await.unwrap();
        assert!(plan.contains(&format!("\n  POST {path}/shop/sync?planId=")), "{plan}");

        let description = world
            .call(Method::GET, "integrations/openapi.json", None)
            .await
            .expect(200)
            .json();
        assert!(
            description["paths"][format!("{path}/{{name}}/sync")].is_object(),
            "{description:#}"
        );

        let problem = world
            .call(Method::GET, "integrations/shop/nothing", None)
            .await
            .expect(404);
        assert!(
            problem.text.contains(&format!("integrations are at {path}\"")),
            "{}",
            problem.text
        );

        world.run_timer().await;
        for page in ["integrations", "integrations/shop", "integrations/none"] {
            let page = browse(&world, Method::GET, page).await.text;
            let links: Vec<&str> = page.split("href=\"/").skip(1).collect();
            let forms: Vec<&str> = page.split("action=\"/").skip(1).collect();
            assert!(links.len() > 1, "{page}");
            for place in links.iter().chain(&forms) {
                assert!(format!("/{place}").starts_with(path), "{prefix}: {place}");
            }
            assert!(!page.contains("/api/integrations"), "{prefix}: {page}");
        }
        let held = browse(&world, Method::GET, "integrations").await.text;
        assert!(
            held.contains(&format!("$URL{path}/shop/sync?confirmDeletions=")),
            "{held}"
        );
    }
}

#[tokio::test]
async fn the_command_line_calls_an_app_with_another_prefix() {
    let (world, _folder) = world("v1/x", HttpMode::Proxying).await;
    world.put_shop().await;
    let url = format!("{}/v1/x", world.host.base_url());
    let said = cli::run(
        &[("FUNCTION_KEY".to_owned(), world.host.function_key().to_owned())],
        &["integration", "show", "-i", SHOP, "--function-url", &url],
    )
    .await
    .expect(0);
    assert_eq!(said.json()["name"], SHOP);
}
