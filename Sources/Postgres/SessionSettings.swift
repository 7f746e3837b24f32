package import Kernel

/// What every session is opened with. Zero switches a limit off.
package struct SessionSettings: Sendable {
    /// Shown in `pg_stat_activity`.
    package var applicationName = "keybell"
    /// No statement waits longer for a row: a queue behind a lock is an outage.
    package var lockTimeout: Period = .seconds(2)
    package var statementTimeout: Period = .seconds(30)
    /// A transaction that waits for us holds back the event horizon of the whole server.
    package var idleInTransactionTimeout: Period = .seconds(2)
    /// Unacknowledged bytes mean a lost server after that long.
    package var networkTimeout: Period = .seconds(5)
    /// One attempt at one host, with TLS and authentication.
    package var connectTimeout: Period = .seconds(2)
    /// For sessions whose few statements all find rows by their keys. The planner thinks that arrays deserve
    /// a plan of their own each time, and takes longer to plan than to run.
    package var findsByKeys = false

    package init() {}

    /// libpq's keywords for one host. `address` spares libpq a blocking look-up of the name.
    func keywords(
        _ url: DatabaseURL, host: DatabaseURL.Host, address: String?
    ) -> [(keyword: String, value: String)] {
        var keywords: [(keyword: String, value: String)] = [
            ("host", host.name), ("port", String(host.port)), ("application_name", applicationName),
            ("client_encoding", "UTF8"), ("options", options), ("gssencmode", "disable"),
            ("tcp_user_timeout", String(networkTimeout.microseconds / 1_000)),
            ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
        ]
        if let address { keywords.append(("hostaddr", address)) }
        if let user = url.user { keywords.append(("user", user)) }
        if let password = url.password { keywords.append(("password", password)) }
        if let database = url.database { keywords.append(("dbname", database)) }
        // A later keyword wins over an earlier one.
        return keywords + url.options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// One plan for each statement, and it goes by indexes: a plan that was made while a table was empty
    /// would read all of it, until somebody analyses the table.
    private static let byKeys = [
        ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ]

    /// Just-in-time compilation costs more than our short statements take.
    private var options: String {
        var settings = [
            ("lock_timeout", "\(lockTimeout.microseconds / 1_000)"),
            ("statement_timeout", "\(statementTimeout.microseconds / 1_000)"),
            ("idle_in_transaction_session_timeout", "\(idleInTransactionTimeout.microseconds / 1_000)"),
            ("timezone", "UTC"), ("synchronous_commit", "on"), ("jit", "off"), ("bytea_output", "hex"),
        ]
        if findsByKeys { settings += Self.byKeys }
        return settings.map { "-c \($0)=\($1)" }.joined(separator: " ")
    }
}
