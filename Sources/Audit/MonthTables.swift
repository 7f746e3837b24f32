package import Kernel
package import Postgres

/// The tables of the months: rows go into the one of their month, and where there is none, into the one for
/// all other times.
package struct MonthTables {
    /// Beside this one.
    private static let monthsAhead = 2
    /// Of those that are over, in one run.
    private static let pastMonthsAtMost = 12
    private static let partitioned = ["audit_record", "audit_item", "event", "usage_event"]
    /// These leave by months only: retention takes a month's table out, to be archived by hand.
    private static let archived = ["audit_record", "audit_item"]

    /// Rows of a whole month may have to be moved, which takes longer than statements may elsewhere.
    private static let takes: Period = .minutes(10)
    private static let ensure = Statement(
        "partition_ensure", "select ensure_partition($1::text, $2::text::date)")
    /// Of a month and those behind it, whose tables are missing.
    private static let missing = Statement(
        "partition_missing",
        """
        select name, to_char(month, 'YYYY-MM-DD')
        from unnest($1::text[]) with ordinality as t (name, place)
        cross join generate_series($2::text::timestamp,
            $2::text::timestamp + make_interval(months => $3::int8::int4), '1 month') as month
        where to_regclass(name || '_' || to_char(month, 'YYYYMM')) is null order by place, month
        """)
    /// Those that are over and whose tables are missing.
    private static let past = Statement(
        "partition_past",
        """
        select distinct to_char(at at time zone 'UTC', 'YYYY-MM') from audit_record_other
        where at < $1::text::timestamp at time zone 'UTC'
            and (to_regclass('audit_record_' || to_char(at at time zone 'UTC', 'YYYYMM')) is null
                or to_regclass('audit_item_' || to_char(at at time zone 'UTC', 'YYYYMM')) is null)
        order by 1 limit $2
        """)

    private let connector: Connector

    package init(_ connector: Connector) { self.connector = connector }

    /// Those that rows of today, and of the weeks to come, go into. What fails keeps no other from being
    /// made; the first failure is thrown at the end.
    package nonisolated(nonsending) func makeAhead(at now: Timestamp) async throws -> Int {
        try await connected { try await makeAhead(at: now, through: $0) }
    }

    /// Those of months that are over and whose entries lie with those of all other times, too.
    package nonisolated(nonsending) func makeAll(at now: Timestamp) async throws -> Int {
        try await connected { session in
            var (made, failure): (Int, (any Error)?) = (0, nil)
            do { made = try await makeAhead(at: now, through: session) } catch { failure = error }
            let past = try await session.query(
                Self.past, .text(now.month), .int(Self.pastMonthsAtMost))
            let months = past.flatMap { row in
                Self.archived.map { Month(table: $0, first: "\(row.text(0))-01") }
            }
            made += try await make(months, through: session)
            if let failure { throw failure }
            return made
        }
    }

    private nonisolated(nonsending) func connected(
        _ body: nonisolated(nonsending) (LongSession) async throws -> Int
    ) async throws -> Int {
        let session = try await LongSession.open(connector, limit: Self.takes)
        defer { session.close() }
        return try await body(session)
    }

    private nonisolated(nonsending) func makeAhead(
        at now: Timestamp, through session: LongSession
    ) async throws -> Int {
        let months = try await session.query(
            Self.missing, .textArray(Self.partitioned), .text(now.month), .int(Self.monthsAhead)
        ).map { Month(table: $0.text(0), first: $0.text(1)) }
        return try await make(months, through: session)
    }

    private struct Month {
        let table: String
        /// Its first day.
        let first: String
    }

    /// One table at a time: whoever makes a partition holds the whole table, and writers go through several
    /// in an order of their own.
    private nonisolated(nonsending) func make(
        _ months: [Month], through session: LongSession
    ) async throws -> Int {
        var made = 0
        var failure: (any Error)?
        for month in months {
            do {
                let row = try await session.query(
                    Self.ensure, .text(month.table), .text(month.first)
                ).first
                if row?.bool(0) == true { made += 1 }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return made
    }
}

extension Timestamp {
    /// Its first day.
    fileprivate var month: String { "\(description.prefix(7))-01" }
}
