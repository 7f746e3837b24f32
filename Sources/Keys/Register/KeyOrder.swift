import HTTPServer
import Kernel
import Postgres

/// What a list of keys may be sorted by. Keys without the sorted time come last, both ways.
enum KeyOrder: String, CaseIterable {
    case label
    case labelDown = "-label"
    case createdAt = "created_at"
    case createdAtDown = "-created_at"
    case expiresAt = "expires_at"
    case expiresAtDown = "-expires_at"
    case rotationDueAt = "rotation_due_at"
    case rotationDueAtDown = "-rotation_due_at"

    var isDescending: Bool { rawValue.hasPrefix("-") }

    /// Exactly as its index has it.
    var expression: String {
        switch self {
        case .label, .labelDown: "label_key"
        case .createdAt, .createdAtDown: "created_at"
        case .expiresAt: "coalesce(expires_at, 'infinity'::timestamptz)"
        case .expiresAtDown: "coalesce(expires_at, '-infinity'::timestamptz)"
        case .rotationDueAt: "coalesce(rotation_due_at, 'infinity'::timestamptz)"
        case .rotationDueAtDown: "coalesce(rotation_due_at, '-infinity'::timestamptz)"
        }
    }

    /// The place behind a row.
    func cursor(_ row: KeyRow) -> Cursor {
        Cursor([rawValue, key(of: row), row.id.description])
    }

    private func key(of row: KeyRow) -> String {
        let time: Timestamp? =
            switch self {
            case .label, .labelDown: nil
            case .createdAt, .createdAtDown: row.time(KeyColumns.createdAt)
            case .expiresAt, .expiresAtDown: row.optionalTime(KeyColumns.expiresAt)
            case .rotationDueAt, .rotationDueAtDown: row.optionalTime(KeyColumns.rotationDueAt)
            }
        if isByLabel { return row.text(KeyColumns.labelKey) }
        return time.map { String($0.microseconds) } ?? Self.noTime
    }

    /// A cursor's key as a value for the expression; nil when it cannot be one.
    func parameter(_ key: String) -> Parameter? {
        if isByLabel { return key.utf8.contains(0) ? nil : .text(key) }
        if key == Self.noTime { return .text(isDescending ? "-infinity" : "infinity") }
        return Int64(key).map { .timestamp(Timestamp(microseconds: $0)) }
    }

    private static let noTime = "none"

    private var isByLabel: Bool { self == .label || self == .labelDown }
}
