import Access
import JSON
import Kernel
import Postgres

/// A link through which an account's holder hands over a secret, once, that nobody else sees.
struct DepositLink: Sendable {
    enum State: String, CaseIterable, Sendable {
        case open, used, lapsed, withdrawn
    }

    let id: DepositID
    let key: ExchangeKeyID
    /// For the desk; the holder does not see it.
    let note: String?
    let createdAt: Timestamp
    let createdBy: String
    let expiresAt: Timestamp
    var usedAt: Timestamp?
    /// The address of whoever used it.
    var usedFrom: String?
    /// What it became.
    var version: Int?
    var withdrawnAt: Timestamp?
}

extension DepositLink {
    static let usualLifetime: Period = .hours(24)
    /// Shorter, and the holder is late; longer, and it lies about.
    static let lifetimes: ClosedRange<Period> = .minutes(5)...Period.days(7)
    /// Of one key: each is a way in until it is used or lapses.
    static let openLimit = 10

    func state(at now: Timestamp) -> State {
        if usedAt != nil { return .used }
        if withdrawnAt != nil { return .withdrawn }
        return now < expiresAt ? .open : .lapsed
    }

    /// - Parameter token: for the one answer that shows it.
    func write(to w: inout JSONWriter, at now: Timestamp, token: String? = nil, url: String? = nil) {
        w.object { w in
            w.field("id", id.description)
            w.field("key_id", key.description)
            w.field("state", state(at: now).rawValue)
            w.field("note", note)
            if let token { w.field("token", token) }
            if let url { w.field("url", url) }
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("expires_at", expiresAt.description)
            w.field("used_at", usedAt?.description)
            w.field("used_from", usedFrom)
            w.field("version", version)
            w.field("withdrawn_at", withdrawnAt?.description)
        }
    }
}

// MARK: Rows

extension DepositLink {
    /// In the order that `init` reads.
    static let columns = """
        id, key, note, created_at, created_by, expires_at, used_at, used_from, version::bigint, withdrawn_at
        """

    init(_ row: Row) {
        self.init(
            id: row.id(0), key: row.id(1), note: row.optionalText(2), createdAt: row.timestamp(3),
            createdBy: row.text(4), expiresAt: row.timestamp(5), usedAt: row.optionalTimestamp(6),
            usedFrom: row.optionalText(7), version: row.optionalInt(8),
            withdrawnAt: row.optionalTimestamp(9))
    }
}
