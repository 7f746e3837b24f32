# The service; its PostgreSQL is another container (docker-compose.yml). This image has PostgreSQL's programs all the same:
# backups, restores and their drill run them. Build: docker build -t keybell .
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        pkg-config libpq-dev libssl-dev libsodium-dev libcurl4-openssl-dev zlib1g-dev libyaml-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources ./Sources
COPY Tests ./Tests
COPY Fuzz ./Fuzz
COPY Migrations ./Migrations
COPY Packs ./Packs
COPY Web ./Web
COPY Assets ./Assets
COPY openapi.yaml openapi.json ./
# What the binary tells of itself: --build-arg BUILD="$(git describe --always --dirty --abbrev=12)".
ARG BUILD=
RUN if [ -n "$BUILD" ]; then echo "$BUILD" > Assets/build; fi
RUN swift build -c release --product keybell --static-swift-stdlib \
    && install -D -m 0755 .build/release/keybell /out/keybell \
    && strip /out/keybell

FROM debian:12-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        libpq5 libssl3 libsodium23 libcurl4 zlib1g ca-certificates postgresql-15 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 8720 keybell \
    && useradd --uid 8720 --gid keybell --home-dir /var/lib/keybell --shell /usr/sbin/nologin keybell \
    && install -d -o keybell -g keybell -m 0700 /var/lib/keybell /etc/keybell
COPY --from=build /out/keybell /usr/local/bin/keybell
USER keybell
# The root file system may be read-only. Written to: the data folder (bootstrap token), and at the first start the
# root key, which is kept apart from the data so that no backup holds both.
VOLUME ["/var/lib/keybell", "/etc/keybell"]
ENV KEYBELL_LISTEN=0.0.0.0:8720 \
    KEYBELL_DATA_DIR=/var/lib/keybell \
    KEYBELL_ROOT_KEY_FILE=/etc/keybell/root.key
EXPOSE 8720
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/keybell", "health", "--url", "http://127.0.0.1:8720/readyz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/keybell"]
CMD ["serve"]
