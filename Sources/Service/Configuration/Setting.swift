/// One setting as a row of the table that operations.md shows and `check-config` explains.
package struct Setting: Sendable {
    package let name: String
    /// As operations.md writes it; nil when there is none.
    package let fallback: String?
    package let summary: String
    /// Never printed, not even in a mistake.
    package let isSecret: Bool

    package init(_ name: String, default fallback: String? = nil, isSecret: Bool = false, _ summary: String) {
        self.name = name
        self.fallback = fallback
        self.summary = summary
        self.isSecret = isSecret
    }

    package static let all: [Setting] = [
        Setting(
            "KEYBELL_LISTEN", default: "127.0.0.1:8720",
            "Address and port, or unix:/path. Not on loopback it needs TLS or trusted proxies."
        ),
        Setting(
            "KEYBELL_DATA_DIR", default: "~/.local/share/keybell (as root /var/lib/keybell)",
            "Folder of the private cluster and the bootstrap token."),
        Setting(
            "KEYBELL_DATABASE_URL", isSecret: true,
            "An existing PostgreSQL: postgres://user:password@host1,host2/name. Unset: a private one."
        ),
        Setting("KEYBELL_LOOPS", default: "the number of cores", "Event loops, 1 to 64."),
        Setting("KEYBELL_TLS_CERT", "PEM file of the certificate and its chain; read again on SIGHUP."),
        Setting("KEYBELL_TLS_KEY", "PEM file of the certificate's private key."),
        Setting("KEYBELL_ROOT_KEY", isSecret: true, "The root key itself (kbroot1_…), instead of a file."),
        Setting(
            "KEYBELL_ROOT_KEY_FILE", default: "~/.config/keybell/root.key",
            "File of the root key, mode 0600, made at the first start. Never in data folder or backup."),
        Setting(
            "KEYBELL_SEALED_NOTICE_URL",
            "Told by POST when this node starts sealed, so that somebody comes. Holds no secrets."),
        Setting(
            "KEYBELL_PUBLIC_ORIGIN",
            "What people call this service: https://… or http://localhost… Log-in by password needs it."),
        Setting(
            "KEYBELL_OIDC_ISSUER",
            "The OpenID provider to sign in by, as it calls itself. Needs KEYBELL_PUBLIC_ORIGIN."),
        Setting("KEYBELL_OIDC_CLIENT_ID", "What the provider calls this service."),
        Setting(
            "KEYBELL_OIDC_CLIENT_SECRET_FILE",
            "File of the secret for that, read at each use. Unset: a public client, by PKCE alone."),
        Setting(
            "KEYBELL_OIDC_SCOPES", default: "openid email profile",
            "What the provider is asked for, by spaces."),
        Setting(
            "KEYBELL_OIDC_GROUPS_CLAIM", default: "groups",
            "The claim of the ID token that lists a person's groups."),
        Setting(
            "KEYBELL_OIDC_ROLES",
            "What a group's members get, by commas: desk-admins=admin,traders=night-desk,quants=grp_…."),
        Setting(
            "KEYBELL_OIDC_FACTOR_VALUES",
            "Values of amr or acr, by commas, that count as a second factor. Unset: ours are asked for."),
        Setting(
            "KEYBELL_OIDC_ALLOWED_ALGORITHMS", default: "RS256,ES256,EdDSA",
            "How ID tokens may be signed, by commas."),
        Setting(
            "KEYBELL_OIDC_CREATE_USERS", default: "false",
            "true: who has a group with a role needs no invitation."),
        Setting(
            "KEYBELL_OIDC_LINK_BY",
            "invited_email: who was invited may come by the verified address. Unset: while signed in only."),
        Setting(
            "KEYBELL_OIDC_PRIVATE", default: "false",
            "true: the provider may be at a private address, there also by http and at any port."),
        Setting(
            "KEYBELL_TRUSTED_PROXIES",
            "Addresses or ranges, by commas, whose forwarding headers are believed."),
        Setting(
            "KEYBELL_PRIVATE_WEBHOOKS", default: "false",
            "true: webhooks may go to private and loopback addresses, there also by http and to any port."
        ),
        Setting(
            "KEYBELL_STANDIN",
            "With _EXCHANGE_ENVIRONMENT_ALIAS behind it: the URL of a stand-in host; never for live keys."),
        Setting(
            "KEYBELL_EGRESS_ADDRESSES",
            "What requests to exchanges leave from, by commas: name=address, or name=address@seen-as."
        ),
        Setting(
            "KEYBELL_RATE_LIMIT", default: "5000",
            "Requests a second of one principal, or of one address without any, on one loop; 0: no limit."
        ),
        Setting("KEYBELL_CONNECTIONS", default: "20000", "Open connections on one loop."),
        Setting(
            "KEYBELL_CONNECTIONS_PER_ADDRESS", default: "1000", "Open connections of one address on one loop."
        ),
        Setting("KEYBELL_DRAIN_SECONDS", default: "20", "How long SIGTERM waits for requests under way."),
        Setting(
            "KEYBELL_RETENTION_DAYS", default: "400",
            "How long events and audit records are kept."),
        Setting(
            "KEYBELL_UNUSED_DAYS", default: "30",
            "How long nobody uses a key or a service account until an event tells of it."),
        Setting(
            "KEYBELL_GRADE_MODELS", default: "trader/v0,trader/v1",
            "Models that are computed, by commas; the first one is told by events and lists."),
        Setting("KEYBELL_LOG", default: "info", "debug, info, warning or error."),
        Setting("KEYBELL_LOG_FORMAT", default: "json", "json or text."),
    ]
}
