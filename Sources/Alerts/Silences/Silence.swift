import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// Until when which alerts are told to nobody, and why. What it hides is still there.
struct Silence: Sendable {
    static let longest: Period = .days(30)
    /// Running at once.
    static let atMost = 500

    let id: SilenceID
    let matchers: [LabelMatcher]
    let reason: String
    /// Alerts of security rules too: with an approval.
    let hidesSecurity: Bool
    let author: String
    let createdAt: Timestamp
    let startsAt: Timestamp
    let endsAt: Timestamp
    var endedAt: Timestamp?
    var endedBy: String?
    var revision: Int64
    /// Tellings that it hid.
    var hidden = 0

    var matchersTexts: JSONValue { matchers.texts }
}

extension Silence: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.array("matchers", matchers) { w, matcher in w.value(matcher) }
            w.field("reason", reason)
            w.field("security", hidesSecurity)
            w.field("author_id", author)
            w.field("created_at", createdAt.description)
            w.field("starts_at", startsAt.description)
            w.field("ends_at", endsAt.description)
            w.field("ended_at", endedAt?.description)
            w.field("ended_by", endedBy)
            w.field("hidden", hidden)
            w.field("revision", revision)
        }
    }
}

extension Silence {
    var creation: NewEvent { NewEvent(.silenceCreated, subject: id, data: facts) }

    var ending: NewEvent {
        var data = facts
        _ = data.append("ended_by", .of(endedBy))
        _ = data.append("hidden", .number(JSONNumber(hidden)))
        return NewEvent(.silenceEnded, subject: id, data: data)
    }

    private var facts: JSONObject {
        var data = JSONObject()
        let fields: KeyValuePairs<String, JSONValue> = [
            "silence_id": .string(id.description), "matchers": matchersTexts, "reason": .string(reason),
            "author_id": .string(author), "starts_at": .string(startsAt.description),
            "ends_at": .string(endsAt.description), "hides_security": .bool(hidesSecurity),
        ]
        for (name, value) in fields { _ = data.append(name, value) }
        return data
    }

    /// What a request asks for.
    struct Draft {
        let matchers: [LabelMatcher]
        let reason: String
        let startsAt: Timestamp
        let endsAt: Timestamp

        init(_ fields: consuming Fields, at now: Timestamp) throws(FieldErrors) {
            var f = fields
            matchers = f.labelMatchers(atLeast: 1)
            reason = f.prose("reason")
            let start = f.parsed(optional: "starts_at", expected: "an RFC 3339 time") { Timestamp($0) } ?? now
            startsAt = max(start, now)
            endsAt = f.end(after: startsAt)
            try f.finish()
        }
    }
}

extension Fields {
    /// Of a silence: `ends_at`, or `ends_in` counted from its beginning.
    fileprivate mutating func end(after start: Timestamp) -> Timestamp {
        let (least, most) = (Period.minutes(1), Silence.longest)
        let expected = "a time such as 2h, from \(least) to \(most)"
        let length = parsed(optional: "ends_in", expected: expected) { text in
            Period(text).flatMap { (least...most).contains($0) ? $0 : nil }
        }
        let end = parsed(optional: "ends_at", expected: "an RFC 3339 time") { Timestamp($0) }
        if hasMistakes { return start }
        switch (length, end) {
        case (let length?, nil): return start + length
        case (nil, let end?):
            if end <= start || end > start + most {
                fail(
                    "ends_at", code: FieldCode.outOfRange,
                    "must be later than the beginning, by at most \(most)")
            }
            return end
        case (nil, nil): fail("ends_at", code: FieldCode.missing, "is required, or else ends_in")
        default: fail("ends_at", code: FieldCode.malformed, "is not for a silence with ends_in")
        }
        return start
    }
}

/// Silences as rows.
enum SilenceStore {
    private static let find = Statement(
        "silence_find",
        """
        select id, matchers, reason, hides_security, author, created_at, starts_at, ends_at, ended_at,
            ended_by, revision, hidden + coalesce(
                (select sum(t.hidden) from silence_tally t where t.silence = s.id), 0)
        from silence s where id = $1
        """)
    private static let lock = Statement("silence_lock", "select from silence where id = $1 for no key update")
    private static let list = Statement(
        "silence_list",
        """
        select id, matchers, reason, hides_security, author, created_at, starts_at, ends_at, ended_at,
            ended_by, revision, hidden + coalesce(
                (select sum(t.hidden) from silence_tally t where t.silence = s.id), 0)
        from silence s
        where ($1::boolean is null or (ended_at is null and ends_at > $2) = $1)
            and ($3::uuid is null or id < $3)
        order by id desc limit $4
        """)
    private static let insert = Statement(
        "silence_insert",
        """
        insert into silence (id, matchers, reason, hides_security, author, created_at, starts_at, ends_at,
            revision)
        select $1, $2, $3, $4, $5, $6, $7, $8, 1
        where (select count(*) from silence where ended_at is null and ends_at > $6) < $9
        """)
    private static let end = Statement(
        "silence_end",
        "update silence set ended_at = $2, ended_by = $3, revision = revision + 1 where id = $1")

    nonisolated(nonsending) static func find(
        _ id: SilenceID, in source: any Queryable
    ) async throws -> Silence? {
        try await source.query(find, .id(id)).first.flatMap { Silence($0) }
    }

    nonisolated(nonsending) static func lock(
        _ id: SilenceID, in transaction: Transaction
    ) async throws -> Silence? {
        _ = try await transaction.query(lock, .id(id))
        return try await find(id, in: transaction)
    }

    /// Newest first.
    nonisolated(nonsending) static func list(
        isRunning: Bool?, before: SilenceID?, limit: Int, at now: Timestamp, in source: any Queryable
    ) async throws -> [Silence] {
        try await source.query(list, .bool(isRunning), .timestamp(now), .id(before), .int(limit))
            .compactMap { Silence($0) }
    }

    nonisolated(nonsending) static func insert(
        _ silence: Silence, in transaction: Transaction
    ) async throws -> Bool {
        let done = try await transaction.query(
            insert, .id(silence.id), .json(silence.matchers.json), .text(silence.reason),
            .bool(silence.hidesSecurity), .text(silence.author), .timestamp(silence.createdAt),
            .timestamp(silence.startsAt), .timestamp(silence.endsAt), .int(Silence.atMost))
        return done.affected == 1
    }

    nonisolated(nonsending) static func end(
        _ id: SilenceID, at now: Timestamp, by author: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(end, .id(id), .timestamp(now), .text(author))
    }
}

extension Silence {
    fileprivate init?(_ row: Row) {
        guard let matchers = LabelMatcher.stored(row.json(1)) else { return nil }
        self.init(
            id: row.id(0), matchers: matchers, reason: row.text(2), hidesSecurity: row.bool(3),
            author: row.text(4), createdAt: row.timestamp(5), startsAt: row.timestamp(6),
            endsAt: row.timestamp(7), endedAt: row.optionalTimestamp(8), endedBy: row.optionalText(9),
            revision: row.int64(10), hidden: row.int(11))
    }
}
