//! `peerclaims check-config`: what would be used.

use crate::config::Settings;

pub(super) fn check_config(settings: &Settings) {
    let (http, log) = (&settings.http, &settings.log);
    println!("database.url = {}", settings.database.url);
    println!("database.password_file = {}", settings.database.password_file.display());
    println!("database.connections = {}", settings.database.connections);
    println!("http.listen = {}", http.listen);
    println!("http.workers = {}", http.workers);
    println!("http.max_body_bytes = {}", http.max_body_bytes);
    println!("http.max_bulk_bytes = {}", http.max_bulk_bytes);
    println!("http.header_seconds = {}", http.header_seconds);
    println!("http.body_seconds = {}", http.body_seconds);
    println!("http.answer_seconds = {}", http.answer_seconds);
    println!("http.min_bytes_per_second = {}", http.min_bytes_per_second);
    println!("http.shutdown_seconds = {}", http.shutdown_seconds);
    match settings.metrics.listen.address() {
        Some(address) => println!("metrics.listen = {address}"),
        None => println!("metrics.listen = off"),
    }
    println!("exchange.folder = {}", settings.exchange.folder.display());
    println!("log.format = {}", log.format);
    println!("log.level = {}", log.level);
}
