import JSON
import Kernel
import Signals

/// A row of an upload of facts or of metrics, checked.
struct SuppliedRow: Sendable {
    /// Facts and metrics that a token may have from one source are named by this.
    static let longestName = 64
    /// A fact that nobody looks at again must not count for ever.
    static let longestLife: Period = .days(730)

    let token: SeriesFinder.TokenReference
    let name: String
    let source: String
    /// When it was observed.
    let time: Timestamp
    let value: Double
    /// Of a fact: when it stops to count.
    let expiresAt: Timestamp?
    /// Whether the row itself says when it was observed.
    var isDated = true

    /// What tells rows from each other: a later one of the same replaces it.
    var key: String { "\(token)|\(name)|\(source)\(expiresAt == nil ? "|\(time.microseconds)" : "")" }
}

extension SuppliedRow {
    /// One fact: `token`, `name`, `source`, `value`, `expires_at`, and `observed_at` (now, if not said).
    init(fact fields: consuming Fields, now: Timestamp) throws(FieldErrors) {
        var f = fields
        let (token, source) = (f.token(), f.source())
        let name = f.suppliedName("name")
        let value = f.double("value", 0...100)
        let observed = f.past(optional: "observed_at", now)
        let time = observed ?? now
        let expires = f.parsed("expires_at", expected: "an RFC 3339 time") { Timestamp($0) }
        if let expires, expires <= time || expires - now > Self.longestLife {
            f.fail(
                "expires_at", code: FieldCode.outOfRange,
                "must be after observed_at, and within two years")
        }
        try f.finish()
        guard let token, let expires else { preconditionFailure("what is missing is a mistake") }
        self.init(
            token: token, name: name, source: source, time: time, value: value, expiresAt: expires,
            isDated: observed != nil)
    }

    /// One observation: `token`, `metric`, `source`, `time`, `value`.
    init(observation fields: consuming Fields, now: Timestamp) throws(FieldErrors) {
        var f = fields
        let (token, source) = (f.token(), f.source())
        let name = f.suppliedName("metric")
        let value = f.double("value", -Self.largestValue...Self.largestValue)
        let time = f.past(optional: "time", now)
        if time == nil && !f.hasMistakes { f.fail("time", code: FieldCode.missing, "is required") }
        try f.finish()
        guard let token, let time else { preconditionFailure("what is missing is a mistake") }
        self.init(token: token, name: name, source: source, time: time, value: value, expiresAt: nil)
    }

    /// Market capitalisations and supplies of any currency are far below.
    static let largestValue = 1e30

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first), text.utf8.count <= longestName else {
            return false
        }
        return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }

    static let nameExpected = "a name of lower-case letters, digits and underscores, up to 64"
}

extension Fields {
    fileprivate mutating func token() -> SeriesFinder.TokenReference? {
        parsed("token", expected: "a token's id or a ticker") { SeriesFinder.TokenReference($0) }
    }

    fileprivate mutating func suppliedName(_ name: String) -> String {
        parsed(name, expected: SuppliedRow.nameExpected) { SuppliedRow.isName($0) ? $0 : nil } ?? ""
    }

    fileprivate mutating func past(optional name: String, _ now: Timestamp) -> Timestamp? {
        let time = parsed(optional: name, expected: "an RFC 3339 time") { Timestamp($0) }
        if let time, time < Candle.earliest || time > now {
            fail(
                name, code: FieldCode.outOfRange,
                "must not be before \(Candle.earliest), and not be in the future")
        }
        return time
    }
}
