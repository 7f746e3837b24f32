import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Webhooks

/// Planned work: alerts that it explains are told to nobody, once or every week. It hides no security alert.
struct MaintenanceWindow: Sendable {
    enum When: Sendable {
        case once(Range<Timestamp>)
        case weekly([WeeklyWindow], timeZone: String)
    }

    static let atMost = 200
    static let longest: Period = .days(7)
    /// Of one window of a week, in minutes.
    static let weeklyLongest = 12 * 60

    let id: MaintenanceWindowID
    let name: String
    let matchers: [LabelMatcher]
    let reason: String
    let when: When
    let author: String
    let createdAt: Timestamp
}

extension MaintenanceWindow: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", name)
            w.array("matchers", matchers) { w, matcher in w.value(matcher) }
            w.field("reason", reason)
            switch when {
            case .once(let span):
                w.field("starts_at", span.lowerBound.description)
                w.field("ends_at", span.upperBound.description)
                w.field("time_zone", String?.none)
                w.field("weekly", String?.none)
            case .weekly(let windows, let zone):
                w.field("starts_at", String?.none)
                w.field("ends_at", String?.none)
                w.field("time_zone", zone)
                w.array("weekly", windows) { w, window in window.write(to: &w) }
            }
            w.field("author_id", author)
            w.field("created_at", createdAt.description)
        }
    }

    func event(_ change: String) -> NewEvent {
        NewEvent(
            .maintenanceWindowChanged, subject: id,
            [
                "maintenance_window_id": .string(id.description), "name": .string(name),
                "change": .string(change), "matchers": matchers.texts, "reason": .string(reason),
            ])
    }
}

extension MaintenanceWindow {
    struct Draft {
        let name: String
        let matchers: [LabelMatcher]
        let reason: String
        let when: When

        init(_ fields: consuming Fields, at now: Timestamp) throws(FieldErrors) {
            var f = fields
            name = f.ruleName()
            matchers = f.labelMatchers(atLeast: 1)
            reason = f.prose("reason")
            if f.has("weekly") {
                let zone = f.timeZone("time_zone")
                for name in ["starts_at", "ends_at"] where f.has(name) {
                    f.fail(name, code: FieldCode.unknownField, "is of a window that comes once")
                }
                when = .weekly(
                    f.weeklyWindows("weekly", longest: MaintenanceWindow.weeklyLongest), timeZone: zone)
            } else {
                let start = f.parsed("starts_at", expected: "an RFC 3339 time", standIn: now) {
                    Timestamp($0)
                }
                let end = f.parsed("ends_at", expected: "an RFC 3339 time", standIn: now) { Timestamp($0) }
                when = .once(start..<max(start, end))
                if !f.hasMistakes, end <= max(start, now) {
                    f.fail(
                        "ends_at", code: FieldCode.outOfRange, "must be later than starts_at, and than now")
                } else if !f.hasMistakes, end > start + MaintenanceWindow.longest {
                    f.fail(
                        "ends_at", code: FieldCode.outOfRange,
                        "must be within \(MaintenanceWindow.longest) of starts_at")
                }
            }
            try f.finish()
        }
    }
}

/// Maintenance windows as rows.
enum MaintenanceWindowStore {
    private static let list = Statement(
        "maintenance_window_list",
        """
        select id, name, matchers, reason, starts_at, ends_at, time_zone, windows, author, created_at
        from maintenance_window order by lower(name), id
        """)
    private static let find = Statement(
        "maintenance_window_find",
        """
        select id, name, matchers, reason, starts_at, ends_at, time_zone, windows, author, created_at
        from maintenance_window where id = $1
        """)
    private static let insert = Statement(
        "maintenance_window_insert",
        """
        insert into maintenance_window (id, name, matchers, reason, starts_at, ends_at, time_zone, windows,
            author, created_at)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
        where (select count(*) from maintenance_window where windows is not null or ends_at > $10) < $11
        """)
    private static let delete = Statement(
        "maintenance_window_delete",
        "delete from maintenance_window where id = $1")

    nonisolated(nonsending) static func all(in source: any Queryable) async throws -> [MaintenanceWindow] {
        try await source.query(list).compactMap { MaintenanceWindow($0) }
    }

    nonisolated(nonsending) static func find(
        _ id: MaintenanceWindowID, in source: any Queryable
    ) async throws -> MaintenanceWindow? {
        try await source.query(find, .id(id)).first.flatMap { MaintenanceWindow($0) }
    }

    nonisolated(nonsending) static func insert(
        _ window: MaintenanceWindow, in transaction: Transaction
    ) async throws {
        var (span, zone, windows): (Range<Timestamp>?, String?, [UInt8]?) = (nil, nil, nil)
        switch window.when {
        case .once(let once): span = once
        case .weekly(let weekly, let name): (zone, windows) = (name, WeeklyWindow.stored(weekly))
        }
        let done = try await transaction.query(
            insert, .id(window.id), .text(window.name), .json(window.matchers.json), .text(window.reason),
            .timestamp(span?.lowerBound), .timestamp(span?.upperBound), .text(zone), .json(windows),
            .text(window.author), .timestamp(window.createdAt), .int(MaintenanceWindow.atMost))
        if done.affected == 0 {
            throw Problem(.conflict, "There are \(MaintenanceWindow.atMost) maintenance windows already.")
        }
    }

    nonisolated(nonsending) static func delete(
        _ id: MaintenanceWindowID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(delete, .id(id))
    }
}

extension MaintenanceWindow {
    fileprivate init?(_ row: Row) {
        guard let matchers = LabelMatcher.stored(row.json(2)) else { return nil }
        let when: When
        if let start = row.optionalTimestamp(4), let end = row.optionalTimestamp(5) {
            when = .once(start..<max(start, end))
        } else {
            when = .weekly(
                WeeklyWindow.stored(row.optionalJSON(7)), timeZone: row.optionalText(6) ?? "UTC")
        }
        self.init(
            id: row.id(0), name: row.text(1), matchers: matchers, reason: row.text(3), when: when,
            author: row.text(8), createdAt: row.timestamp(9))
    }
}
