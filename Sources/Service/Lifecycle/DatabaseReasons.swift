import Kernel
import Postgres

/// Why the database cannot be reached, in the words of libpq and of the server, which never repeat a
/// password. Each is logged once until the database is back.
final class DatabaseReasons {
    struct Unreachable: Error, CustomStringConvertible {
        let description: String
    }

    /// As many as there are hosts and addresses of theirs in a URL, twice.
    private static let most = 64

    private let log: Log?
    private let message: StaticString
    private var heard: [String] = []

    /// - Parameter log: nil where a command tells the reasons when it gives up.
    init(_ message: StaticString = "the database cannot be reached", in log: Log? = nil) {
        (self.message, self.log) = (message, log)
    }

    func hear(from connector: Connector) { connector.onFailure = { [self] in hear($0) } }

    func hear(_ reason: String) {
        let line = reason.split { $0.isNewline || $0 == "\t" }.joined(separator: "; ")
        guard !line.isEmpty, !heard.contains(line) else { return }
        if heard.count == Self.most { heard.removeFirst() }
        heard.append(line)
        log?.warning("\(message)", ["reason": .text(line)])
    }

    /// What failed after a connection came up: the server's own words, where it has some.
    func hear(ifSilentAfter error: PostgresError) {
        if error != .unavailable || heard.isEmpty { hear("\(error)") }
    }

    func isBack() {
        guard !heard.isEmpty else { return }
        heard = []
        log?.info("the database is reached again")
    }

    nonisolated(nonsending) func explaining<Result>(
        _ body: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw explained(error)
        }
    }

    /// What the error of a connection that did not come up lacks.
    func explained(_ error: any Error) -> any Error {
        guard error as? PostgresError == .unavailable, !heard.isEmpty else { return error }
        return Unreachable(description: "\(PostgresError.unavailable): \(heard.joined(separator: "; "))")
    }
}

/// For commands: why there is no connection is told with the error.
extension Connector {
    nonisolated(nonsending) func explainedConnection() async throws -> PlainConnection {
        let reasons = DatabaseReasons()
        reasons.hear(from: self)
        return try await reasons.explaining { try await plainConnection() }
    }
}

extension Database {
    nonisolated(nonsending) func explainedReady() async throws {
        let reasons = DatabaseReasons()
        reasons.hear(from: connector)
        try await reasons.explaining { try await ready() }
    }
}
