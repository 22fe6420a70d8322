//! `peerclaims check-config`: what would be used.

use crate::config::Settings;

pub(super) fn check_config(settings: &Settings) {
    let (http, log) = (&settings.http, &settings.log);
    println!("database.url = {}", settings.database.url);
    println!("database.connections = {}", settings.database.connections);
    println!("http.listen = {}", http.listen);
    println!("http.workers = {}", http.workers);
    println!("http.max_body_bytes = {}", http.max_body_bytes);
    println!("http.max_bulk_bytes = {}", http.max_bulk_bytes);
    println!("http.header_seconds = {}", http.header_seconds);
    println!("http.body_seconds = {}", http.body_seconds);
    println!("http.shutdown_seconds = {}", http.shutdown_seconds);
    println!("log.format = {}", log.format);
    println!("log.level = {}", log.level);
}
