package import EventLoop
package import HTTPClient
package import Identity
package import Kernel
package import Postgres
package import Signals

/// Everything that an operator decides, typed and checked; the only place where the product can be widened.
package struct Settings: Sendable {
    package var listen: SocketAddress
    package var dataFolder: String
    /// Nil: the private cluster.
    package var database: DatabaseURL?
    package var loops: Int
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var rootKeyText: String?
    package var rootKeyFile: String
    /// Told when this node starts sealed.
    package var sealedNotice: OutgoingURL?
    package var publicOrigin: PublicOrigin?
    /// Where people may sign in instead; nil: nowhere.
    package var openID: OpenIDSettings?
    /// Base URLs by `EXCHANGE_ENVIRONMENT_ALIAS`, for tests and paper trading; never for live keys.
    package var standIns: [String: String]
    /// Base URLs by `EXCHANGE` that candles of live are pulled from, and nothing else is sent to.
    package var klines: [String: String]
    package var trustedProxies: [CIDR]
    /// Where requests to exchanges leave from.
    package var egress: EgressAddresses
    package var allowsPrivateWebhooks: Bool
    package var requestsPerSecond: Int
    package var connections: Int
    package var connectionsPerAddress: Int
    package var drain: Period
    package var retention: Period
    /// How long nobody uses a service account until that is told.
    package var unusedAfter: Period
    /// Which models are computed, the told one first; and whether the market gate holds their signals back.
    package var gradeModels: GradeModels
    package var logLevel: Log.Level
    package var logFormat: Log.Format
}

/// Every mistake of a configuration, none of the values.
package struct SettingsMistakes: Error, Sendable, CustomStringConvertible {
    package var lines: [String]

    package var description: String { lines.map { "  \($0)" }.joined(separator: "\n") }
}

extension Settings {
    /// Reads what the environment says; what an env file says comes first and the environment wins.
    /// - Parameters:
    ///   - home: the user's home folder.
    ///   - isRoot: root's data folder is elsewhere, since the cluster's user must reach it.
    ///   - known: mistakes that were found before, to be told with all others.
    ///   - look: finds mistakes that only this machine shows.
    package init(
        environment: [String: String], home: String, isRoot: Bool, cores: Int, knowing known: [String] = [],
        looking look: (Settings) -> [String] = { _ in [] }
    ) throws(SettingsMistakes) {
        var reader = SettingsReader(environment)
        reader.add(known)
        let dataFolder = isRoot ? "/var/lib/keybell" : "\(home)/.local/share/keybell"
        listen =
            reader.value("KEYBELL_LISTEN", "an address and port, or unix:/path") { SocketAddress($0) }
            ?? .ip(IPAddress(v4: 0x7F00_0001), port: 8720)
        self.dataFolder = reader.path("KEYBELL_DATA_DIR") ?? dataFolder
        database = reader.database("KEYBELL_DATABASE_URL")
        loops = reader.int("KEYBELL_LOOPS", 1...64) ?? min(max(cores, 1), 64)
        (tlsCertificate, tlsKey) = reader.pair("KEYBELL_TLS_CERT", "KEYBELL_TLS_KEY")
        rootKeyText = reader.text("KEYBELL_ROOT_KEY")
        rootKeyFile = reader.path("KEYBELL_ROOT_KEY_FILE") ?? "\(home)/.config/keybell/root.key"
        publicOrigin = reader.value(
            "KEYBELL_PUBLIC_ORIGIN", "https://host or http://localhost, with or without a port, and no path"
        ) { PublicOrigin($0) }
        trustedProxies = reader.list("KEYBELL_TRUSTED_PROXIES", "addresses or ranges") { CIDR($0) }
        egress = reader.egress("KEYBELL_EGRESS_ADDRESSES")
        allowsPrivateWebhooks = reader.bool("KEYBELL_PRIVATE_WEBHOOKS") ?? false
        sealedNotice = reader.url("KEYBELL_SEALED_NOTICE_URL", Self.receivers(allowsPrivateWebhooks))
        standIns = reader.standIns("KEYBELL_STANDIN")
        klines = reader.klines("KEYBELL_KLINES", Self.receivers(allowsPrivateWebhooks))
        requestsPerSecond = reader.int("KEYBELL_RATE_LIMIT", 0...1_000_000) ?? 5_000
        connections = reader.int("KEYBELL_CONNECTIONS", 1...1_000_000) ?? 20_000
        connectionsPerAddress = reader.int("KEYBELL_CONNECTIONS_PER_ADDRESS", 1...1_000_000) ?? 1_000
        drain = .seconds(Int64(reader.int("KEYBELL_DRAIN_SECONDS", 0...3_600) ?? 20))
        retention = .days(Int64(reader.int("KEYBELL_RETENTION_DAYS", 1...36_500) ?? 400))
        unusedAfter = .days(Int64(reader.int("KEYBELL_UNUSED_DAYS", 1...3_650) ?? 30))
        gradeModels = reader.gradeModels("KEYBELL_GRADE_MODELS", gate: "KEYBELL_MARKET_GATE")
        logLevel = reader.choice("KEYBELL_LOG", Log.Level.self) ?? .info
        logFormat = reader.choice("KEYBELL_LOG_FORMAT", Log.Format.self) ?? .json
        openID = reader.openID(Self.openIDNames, origin: publicOrigin)
        checkExposure(&reader)
        reader.add(look(self))
        try reader.finish()
    }

    private static let openIDNames = OpenIDSettingNames(
        issuer: "KEYBELL_OIDC_ISSUER", clientID: "KEYBELL_OIDC_CLIENT_ID",
        clientSecretFile: "KEYBELL_OIDC_CLIENT_SECRET_FILE", scopes: "KEYBELL_OIDC_SCOPES",
        algorithms: "KEYBELL_OIDC_ALLOWED_ALGORITHMS", groupsClaim: "KEYBELL_OIDC_GROUPS_CLAIM",
        roles: "KEYBELL_OIDC_ROLES", factorValues: "KEYBELL_OIDC_FACTOR_VALUES",
        createsUsers: "KEYBELL_OIDC_CREATE_USERS", linkBy: "KEYBELL_OIDC_LINK_BY",
        privateAddresses: "KEYBELL_OIDC_PRIVATE")

    /// Nil: plain HTTP.
    package var tls: (certificate: String, key: String)? {
        guard let tlsCertificate, let tlsKey else { return nil }
        return (tlsCertificate, tlsKey)
    }

    /// Whether browsers come to us by https: our own, or that of the proxy before us.
    var isOnlyByTLS: Bool { tls != nil || publicOrigin?.text.hasPrefix("https:") == true }

    /// Where the private PostgreSQL lives.
    var privateCluster: String { "\(dataFolder)/postgres" }

    /// What messages of ours may reach.
    var receivers: Allowance {
        var allowance = Self.receivers(allowsPrivateWebhooks)
        let own = publicOrigin.flatMap { try? OutgoingURL("\($0.text)/", allowance: .privateReceivers) }
        if let own { allowance.ownPlaces = [own.place] }
        allowance.ownAddresses = [listen]
        return allowance
    }

    private static func receivers(_ allowsPrivate: Bool) -> Allowance {
        allowsPrivate ? .privateReceivers : .publicOnly
    }

    /// Access tokens must not cross a network in clear.
    private func checkExposure(_ reader: inout SettingsReader) {
        guard let address = listen.ip, !address.isLoopback, trustedProxies.isEmpty else { return }
        // One of the two is told as missing already.
        guard tlsCertificate == nil, tlsKey == nil else { return }
        reader.fail(
            "KEYBELL_LISTEN",
            "is not loopback: set KEYBELL_TLS_CERT and KEYBELL_TLS_KEY, or KEYBELL_TRUSTED_PROXIES")
    }
}
