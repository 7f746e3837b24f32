package import Access
package import JSON
package import Kernel

/// What a user shows beside the password, as its record says.
package struct Factor: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable { case totp, passkey }

    /// A handful of phones and passkeys.
    static let atMost = 20

    /// How long a seed waits for its first code.
    static let unconfirmedLifetime: Period = .minutes(15)

    package let id: FactorID
    package let user: UserID
    package let kind: Kind
    package let name: String
    package let createdAt: Timestamp
    /// Nil: no code of it was shown yet, and it counts for nothing.
    package let confirmedAt: Timestamp?
    package let lastUsedAt: Timestamp?

    /// Begun, and not confirmed in time.
    func hasLapsed(at now: Timestamp) -> Bool {
        confirmedAt == nil && createdAt + Self.unconfirmedLifetime <= now
    }
}

extension Factor: JSONWritable {
    package func write(to w: inout JSONWriter) { w.object { w in writeFields(to: &w) } }

    func writeFields(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("kind", kind.rawValue)
        w.field("name", name)
        w.field("created_at", createdAt.description)
        w.field("confirmed_at", confirmedAt?.description)
        w.field("last_used_at", lastUsedAt?.description)
    }

    /// What events about it share.
    var eventData: [(String, JSONValue)] {
        [
            ("user_id", JSONValue(user)), ("factor_id", JSONValue(id)), ("kind", .string(kind.rawValue)),
            ("name", .string(name)),
        ]
    }
}
