import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// Narratives as rows, and who belongs to them.
enum NarrativeStore {
    private static let insert = Statement(
        "narrative_insert",
        """
        insert into narrative (id, owner, name, description, source, interval, created_at, updated_at)
        values ($1, $2, normalize($3::text, NFC), $4, $5, $6, $7, $7)
        """)
    private static let update = Statement(
        "narrative_update",
        """
        update narrative set name = normalize($2::text, NFC), description = $3, updated_at = $4, revision = $5
        where id = $1
        """)
    private static let find = Statement(
        "narrative_find",
        """
        select id, owner, name, description, source, interval, measured_at, created_at, updated_at, revision
        from narrative where id = $1 and was_there(created_at, ended_at, $2)
        """)
    private static let lock = Statement(
        "narrative_lock",
        """
        select id, owner, name, description, source, interval, measured_at, created_at, updated_at, revision
        from narrative where id = $1 and ended_at is null for no key update
        """)
    private static let list = Statement(
        "narrative_list",
        """
        select id, owner, name, description, source, interval, measured_at, created_at, updated_at, revision
        from narrative
        where ($1::uuid is null or id > $1) and ($2::text is null or source = $2)
            and ($3::text is null or interval = $3) and was_there(created_at, ended_at, $5)
        order by id limit $4
        """)
    private static let count = Statement(
        "narrative_count", "select count(*) from narrative where ended_at is null")
    /// Nobody belongs to it any more.
    private static let end = Statement(
        "narrative_end",
        """
        with gone as (
            update narrative_member set ended_at = greatest($2, known_at)
            where narrative = $1 and ended_at = 'infinity'
        )
        update narrative set ended_at = greatest($2, created_at + interval '1 microsecond') where id = $1
        """)
    /// Who stays keeps the moment at which that became known.
    private static let setMembers = Statement(
        "narrative_members_set",
        """
        with wanted as materialized (
            select w.token_id, coalesce(w.valid_from, '-infinity') as valid_from,
                coalesce(w.valid_to, 'infinity') as valid_to
            from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
                as w (token_id, valid_from, valid_to)
        ), gone as (
            update narrative_member m set ended_at = greatest($5, m.known_at)
            where m.narrative = $1 and m.ended_at = 'infinity' and not exists (
                select from wanted w where (w.token_id, w.valid_from, w.valid_to)
                    = (m.token_id, m.valid_from, m.valid_to))
        )
        insert into narrative_member (narrative, token_id, valid_from, valid_to, known_at)
        select $1, w.token_id, w.valid_from, w.valid_to, $5 from wanted w
        where not exists (
            select from narrative_member m where m.narrative = $1 and m.ended_at = 'infinity'
                and (w.token_id, w.valid_from, w.valid_to) = (m.token_id, m.valid_from, m.valid_to))
        on conflict on constraint narrative_member_key do update
        set valid_to = excluded.valid_to, ended_at = 'infinity'
        """)
    static let members = Statement(
        "narrative_members",
        derived: """
            select m.token_id, t.symbol, nullif(m.valid_from, '-infinity'), nullif(m.valid_to, 'infinity')
            from narrative_member m
                \(KnownTicker.join("m.token_id", at: "nullif($2::timestamptz, '9999-01-01')"))
            where m.narrative = $1 and m.known_at <= $2 and m.ended_at > $2
            order by t.symbol, m.token_id, m.valid_from
            """)

    nonisolated(nonsending) static func insert(
        _ narrative: Narrative, in transaction: Transaction
    ) async throws {
        try await naming {
            try await transaction.query(
                insert, .id(narrative.id), .text(narrative.owner.description), .text(narrative.name),
                .text(narrative.description), .text(narrative.source), .text(narrative.interval.rawValue),
                .timestamp(narrative.createdAt))
        }
    }

    nonisolated(nonsending) static func update(
        _ narrative: Narrative, in transaction: Transaction
    ) async throws {
        try await naming {
            try await transaction.query(
                update, .id(narrative.id), .text(narrative.name), .text(narrative.description),
                .timestamp(narrative.updatedAt), .int64(narrative.revision))
        }
    }

    nonisolated(nonsending) static func find(
        _ id: NarrativeID, asOf: Timestamp? = nil, in source: any Queryable
    ) async throws -> Narrative? {
        try await source.query(find, .id(id), .timestamp(asOf)).first.flatMap { Narrative($0) }
    }

    nonisolated(nonsending) static func lock(
        _ id: NarrativeID, in transaction: Transaction
    ) async throws -> Narrative? {
        try await transaction.query(lock, .id(id)).first.flatMap { Narrative($0) }
    }

    nonisolated(nonsending) static func list(
        _ place: String?, _ interval: Interval?, asOf: Timestamp?, after id: NarrativeID?, limit: Int,
        in source: any Queryable
    ) async throws -> [Narrative] {
        try await source.query(
            list, .id(id), .text(place), .text(interval?.rawValue), .int(limit), .timestamp(asOf)
        ).compactMap { Narrative($0) }
    }

    nonisolated(nonsending) static func count(in transaction: Transaction) async throws -> Int {
        try await transaction.query(count).first?.int(0) ?? 0
    }

    /// It stays known of the time before.
    nonisolated(nonsending) static func end(
        _ id: NarrativeID, at now: Timestamp, in transaction: Transaction
    ) async throws { try await transaction.query(end, .id(id), .timestamp(now)) }

    nonisolated(nonsending) static func set(
        _ members: [Narrative.Member], of id: NarrativeID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            setMembers, .id(id), .idArray(members.map(\.token)), .optionalTimestampArray(members.map(\.from)),
            .optionalTimestampArray(members.map(\.to)), .timestamp(now))
    }

    /// As was known at a time.
    nonisolated(nonsending) static func members(
        of id: NarrativeID, known: Timestamp, in source: any Queryable
    ) async throws -> [Narrative.Member] {
        // What has not ended is known behind every moment that there is.
        let moment = min(known, .lastOfTime)
        return try await source.query(members, .id(id), .timestamp(moment)).map { row in
            Narrative.Member(
                token: row.id(0), symbol: row.text(1), from: row.optionalTimestamp(2),
                to: row.optionalTimestamp(3))
        }
    }

    private nonisolated(nonsending) static func naming(
        _ write: nonisolated(nonsending) () async throws -> Void
    ) async throws {
        do {
            try await write()
        } catch let error as PostgresError where error.isUniqueViolation("narrative_name") {
            throw Problem(
                .alreadyExists, "A narrative of this name exists; names differ by more than case.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}

extension Timestamp {
    /// 9999-01-01, behind which nothing of ours lies.
    static let lastOfTime = Timestamp(seconds: 253_370_764_800)
}

extension Narrative {
    /// Nil for a row that this service did not write.
    fileprivate init?(_ row: Row) {
        guard let owner = PrincipalID(row.text(1)), let interval = Interval(rawValue: row.text(5)) else {
            return nil
        }
        self.init(
            id: row.id(0), owner: owner, name: row.text(2), description: row.optionalText(3),
            source: row.text(4), interval: interval, measuredAt: row.optionalTimestamp(6),
            createdAt: row.timestamp(7), updatedAt: row.timestamp(8), revision: row.int64(9))
    }
}
