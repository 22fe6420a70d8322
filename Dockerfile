# Two stages: the first has Rust and a C compiler, the second the program and nothing else.
#
#   docker build -t peerclaims .

FROM rust:1.95-slim-bookworm AS build
# perl and make build OpenSSL for TLS to PostgreSQL; the C compiler builds SQLite and libpq.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
COPY src src
COPY migrations migrations
COPY config config
COPY fixtures fixtures
# Not built, but named by Cargo.toml, which is not read without them.
COPY benches benches
RUN cargo build --release --locked --features postgres-tls \
    && cp target/release/peerclaims /usr/local/bin/peerclaims

FROM debian:bookworm-slim
# Authorities, for a PostgreSQL whose certificate one of them signed (sslrootcert=system is not read
# by this libpq: name the file /etc/ssl/certs/ca-certificates.crt). curl asks for the health.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --home-dir /var/lib/peerclaims --create-home \
        --shell /usr/sbin/nologin peerclaims
COPY --from=build /usr/local/bin/peerclaims /usr/local/bin/peerclaims
USER peerclaims
WORKDIR /var/lib/peerclaims
# SQLite, unless a database is named; then this volume stays empty.
VOLUME /var/lib/peerclaims
# Two heaps for all threads instead of one for each: docs/operations.md, "Memory".
ENV PEERCLAIMS__HTTP__LISTEN=0.0.0.0:8080 PEERCLAIMS__LOG__FORMAT=json MALLOC_ARENA_MAX=2
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["peerclaims"]
CMD ["serve"]
