package import Access
package import Events
import JSON
package import Kernel
package import Postgres

/// What is known of principals and exchange keys. The rooms of keys and of their uses stand above this one,
/// so they give it as functions.
package struct KeyTrail {
    package typealias Reach =
        nonisolated(nonsending) ([PrincipalID], any Queryable) async throws -> [KeyFinding]
    package typealias Mark = nonisolated(nonsending) (any Queryable) async throws -> UseMark
    package typealias Uses =
        nonisolated(nonsending) ([PrincipalID], UseMark.Side, any Queryable) async throws -> [KeyUses]
    package typealias Known =
        nonisolated(nonsending) ([PrincipalID], any Queryable) async throws -> [KnownSecret]
    package typealias Settle =
        nonisolated(nonsending) (Leaver, [KnownSecret], OffboardingID, Change) async throws -> [LeftThing]
    package typealias Rotate =
        nonisolated(nonsending) ([ExchangeKeyID], Exposure, Change) async throws -> Void

    /// What these principals were granted to do with which keys, though they may be disabled by now.
    package let reach: Reach
    /// A moment that parts what is committed from what is not yet.
    package let mark: Mark
    package let uses: Uses
    /// Secrets that one of these principals saw and that are still used.
    package let known: Known
    /// Gives the leaver's keys to the heir, and opens rotations of what was known. Takes the keys' locks.
    package let settle: Settle
    /// Opens rotations of keys that somebody touched; what cannot be opened now is opened by a job.
    package let rotate: Rotate

    package init(
        reach: @escaping Reach, mark: @escaping Mark, uses: @escaping Uses, known: @escaping Known,
        settle: @escaping Settle, rotate: @escaping Rotate
    ) {
        (self.reach, self.mark, self.uses) = (reach, mark, uses)
        (self.known, self.settle, self.rotate) = (known, settle, rotate)
    }

    /// Where there are no keys.
    package static var none: KeyTrail {
        KeyTrail(
            reach: { _, _ in [] }, mark: { _ in UseMark(era: 0, xid: "0") }, uses: { _, _, _ in [] },
            known: { _, _ in [] }, settle: { _, _, _, _ in [] }, rotate: { _, _, _ in })
    }
}

/// Why keys are put up for rotation, and on whose account.
package struct Exposure: Sendable {
    package enum Cause: String, Sendable {
        case leaver
        case breakGlass = "break_glass"
    }

    package let source: UUID
    package let cause: Cause
    package let reason: String

    package init(source: UUID, cause: Cause, reason: String) {
        (self.source, self.cause, self.reason) = (source, cause, reason)
    }
}

/// Every transaction below it is decided; those from it on may still come.
package struct UseMark: Sendable {
    package enum Side: Sendable {
        case all
        case before(UseMark)
        case since(UseMark)
    }

    package let era: Int32
    package let xid: String

    package init(era: Int32, xid: String) { (self.era, self.xid) = (era, xid) }
}

/// How often one key was used.
package struct KeyUses: Sendable {
    package let key: ExchangeKeyID
    package let count: Int64
    package let lastAt: Timestamp

    package init(key: ExchangeKeyID, count: Int64, lastAt: Timestamp) {
        (self.key, self.count, self.lastAt) = (key, count, lastAt)
    }
}

/// A secret that is in use, and that somebody saw.
package struct KnownSecret: Sendable {
    package let key: ExchangeKeyID
    package let label: String
    package let version: Int
    /// `revealed`, `imported`, `deposited`, `file`.
    package let ways: [String]

    package init(key: ExchangeKeyID, label: String, version: Int, ways: [String]) {
        (self.key, self.label, self.version, self.ways) = (key, label, version, ways)
    }
}

/// What somebody had to do with one key.
package struct KeyFinding: Sendable {
    package let key: ExchangeKeyID
    package var label: String?
    /// What could be done with it.
    package var could: Set<Permission> = []
    /// By whom: they themselves, a service account of theirs, or another's that they issued a token of.
    package var through: [PrincipalID] = []
    package var uses: Int64 = 0
    package var lastUsedAt: Timestamp?
    /// How they came to know its secret.
    package var saw: [String] = []

    package init(_ key: ExchangeKeyID, label: String? = nil) { (self.key, self.label) = (key, label) }

    var facts: JSONValue {
        [
            "label": JSONValue(label),
            "could": .array(Permission.allCases.filter(could.contains).map { .string($0.rawValue) }),
            "through": .array(through.map { .string($0.description) }),
            "uses": .number(JSONNumber(uses)), "last_used_at": JSONValue(lastUsedAt),
            "saw": .array(saw.map { .string($0) }),
        ]
    }
}

/// All findings, one for each key.
struct KeyFindings: Sendable {
    private(set) var byKey: [ExchangeKeyID: KeyFinding] = [:]

    init(_ reach: [KeyFinding], _ known: [KnownSecret]) {
        for finding in reach { byKey[finding.key] = finding }
        for secret in known {
            byKey[secret.key, default: KeyFinding(secret.key, label: secret.label)].saw = secret.ways
            byKey[secret.key]?.label = secret.label
        }
    }

    mutating func add(_ uses: [KeyUses]) {
        for use in uses {
            var finding = byKey[use.key] ?? KeyFinding(use.key)
            finding.uses += use.count
            finding.lastUsedAt = max(finding.lastUsedAt ?? use.lastAt, use.lastAt)
            byKey[use.key] = finding
        }
    }

    var sorted: [KeyFinding] { byKey.values.sorted { $0.key < $1.key } }
    var knownKeys: [ExchangeKeyID] { sorted.filter { !$0.saw.isEmpty }.map(\.key) }
}
