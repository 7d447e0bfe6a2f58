//! The description of the API: as JSON for programs, as a page for people.

use crate::{
    api::{ask::IDEMPOTENCY_KEY, error::ProblemDetails},
    html,
};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::{fmt::Write, sync::LazyLock};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        self, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

const DESCRIPTION: &str = "\
Keeps messages in step, both ways, between an app and the platforms where its customers write. A server of the app \
calls with an API key and names the customer in `Bothways-Customer`; a browser bears a customer token. Lists page by \
cursor; errors are problem details (RFC 9457) with a stable `code`; unsafe calls on messages take an `Idempotency-Key`.";

/// The description without its routes.
pub fn frame() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").build();
    let info = InfoBuilder::new()
        .title("Bothways")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license));
    OpenApiBuilder::new().info(info.build()).build()
}

/// Adds what all routes have in common.
pub fn finish(mut api: OpenApi) -> OpenApi {
    let components = api.components.get_or_insert_default();
    components.schemas.insert(ProblemDetails::name().into_owned(), ProblemDetails::schema());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let session = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(crate::login::SESSION)));
    components.security_schemes.insert("bearer".to_owned(), RefOr::T(bearer));
    components.security_schemes.insert("session".to_owned(), RefOr::T(session));
    let none: [&str; 0] = [];
    api.security = Some(vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("session", none)]);
    for item in api.paths.paths.values_mut() {
        let PathItem { post, put, patch, delete, get, .. } = item;
        for operation in [post, put, patch, delete].into_iter().flatten() {
            add_key(operation);
            add_problem(operation);
        }
        get.iter_mut().for_each(add_problem);
    }
    api
}

fn add_problem(operation: &mut Operation) {
    let schema = Ref::from_schema_name(ProblemDetails::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let problem = ResponseBuilder::new().description("A problem").content("application/problem+json", content).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}

fn add_key(operation: &mut Operation) {
    if operation.tags.as_ref().is_none_or(|tags| !tags.iter().any(|tag| tag == "messages")) {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY.split('-').map(capital).collect::<Vec<_>>().join("-"))
        .parameter_in(ParameterIn::Header)
        .required(openapi::Required::False)
        .description(Some("A repeat with the same key and body takes effect once and gets the same answer."))
        .schema(Some(String::schema()));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// `openapi.json`, as it is committed.
pub fn json() -> String {
    let text = super::openapi().to_pretty_json().expect("a description of plain data always serialises");
    text + "\n"
}

/// Answers with `openapi.json`.
pub async fn show_json() -> Response {
    Json(super::openapi()).into_response()
}

/// Answers with a page that lists all calls.
pub async fn show_page() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| drawn(&super::openapi()));
    html::page(StatusCode::OK, "Bothways API", &PAGE)
}

fn drawn(api: &OpenApi) -> String {
    let mut page = format!("<h1>Bothways API</h1><p>{}</p>", html::escape(DESCRIPTION));
    page.push_str("<p>For programs: <a href=\"/openapi.json\">openapi.json</a></p>");
    let mut tag = String::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in operations(item) {
            let own = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            if own != tag {
                tag = own;
                let _ = write!(page, "<h2>{}</h2>", html::escape(&tag));
            }
            draw(&mut page, method, path, operation);
        }
    }
    if let Some(components) = &api.components {
        page.push_str("<h2>shapes</h2>");
        for (name, schema) in &components.schemas {
            let shape = serde_json::to_string_pretty(schema).unwrap_or_default();
            let (name, shape) = (html::escape(name), html::escape(&shape));
            let _ = write!(
                page,
                "<details id=\"{name}\"><summary><code>{name}</code></summary><pre>{shape}</pre></details>"
            );
        }
    }
    page
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

fn draw(page: &mut String, method: &str, path: &str, operation: &Operation) {
    let summary = html::escape(operation.summary.as_deref().unwrap_or_default());
    let path = html::escape(path);
    let _ = write!(page, "<details><summary><code>{method} {path}</code> {summary}</summary><table>");
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let name = html::escape(&parameter.name);
        let help = html::escape(parameter.description.as_deref().unwrap_or_default());
        let _ = write!(page, "<tr><td><code>{name}</code></td><td>{help}</td></tr>");
    }
    page.push_str("</table>");
    let whole = serde_json::json!({ "request": operation.request_body, "responses": operation.responses });
    let whole = serde_json::to_string_pretty(&whole).unwrap_or_default();
    let _ = write!(page, "<pre>{}</pre></details>", html::escape(&whole));
}
