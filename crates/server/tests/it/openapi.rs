//! The description that is committed is the one that the handlers give.

#[test]
fn openapi_json_is_in_step_with_the_handlers() {
    let committed = include_str!("../../../../openapi.json");
    assert!(committed == server::api::docs::json(), "run: cargo run -p server -- openapi > openapi.json");
}
