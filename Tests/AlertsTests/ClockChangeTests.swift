import Kernel
import Postgres
import TestSupport
import Testing

/// Windows by the clock of a place, where that clock is changed.
struct ClockChangeTests {
    private static let open = Statement(
        "test_weekly_openings",
        """
        select m.at, (extract(hour from m.at at time zone $1) * 60
                + extract(minute from m.at at time zone $1))::bigint,
            exists (select from weekly_openings(w.windows, $1, $2) o
                where o.starts_at <= m.at and m.at < o.ends_at)
        from generate_series($2::timestamptz - interval '12 hours', $2::timestamptz + interval '30 hours',
            interval '15 minutes') as m (at),
            (select jsonb_build_array(jsonb_build_object('days', array[1, 2, 3, 4, 5, 6, 7],
                'from_minute', $3::integer, 'to_minute', $4::integer)) as windows) w
        """)
    private static let openings = Statement(
        "test_openings",
        """
        select starts_at, ends_at from weekly_openings(
            '[{"days": [7], "from_minute": 120, "to_minute": 240}]', 'Europe/Zurich', $1) order by 1
        """)

    private static let windows = [(120, 240), (120, 150), (150, 195), (0, 30), (1_320, 420), (60, 45)]

    @Test func `a window is open exactly while the local clock is in it, whatever the clock does`()
        async throws
    {
        let changes = [
            ("Europe/Zurich", "2026-10-25T00:00:00.000Z"), ("Europe/Zurich", "2027-03-28T00:00:00.000Z"),
            ("Australia/Lord_Howe", "2026-04-04T15:00:00.000Z"),
            ("America/Havana", "2026-03-08T05:00:00.000Z"),
            ("Asia/Kolkata", "2026-03-29T00:00:00.000Z"),
        ]
        try await ScratchDatabase.make().withDatabase { _, database in
            for (zone, text) in changes {
                let around = try #require(Timestamp(text))
                for (from, to) in Self.windows {
                    let rows = try await database.query(
                        Self.open, .text(zone), .timestamp(around), .int32(Int32(from)), .int32(Int32(to)))
                    for row in rows {
                        let minute = row.int(1)
                        let isIn =
                            from < to ? (from..<to).contains(minute) : minute >= from || minute < to
                        #expect(row.bool(2) == isIn, "\(zone) \(row.timestamp(0)) in \(from)-\(to)")
                    }
                }
            }
        }
    }

    @Test func `what the clock shows twice is one opening where nothing lies between`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let around = try #require(Timestamp("2026-10-25T00:30:00.000Z"))
            let rows = try await database.query(Self.openings, .timestamp(around)).map {
                [$0.timestamp(0).description, $0.timestamp(1).description]
            }
            #expect(rows == [["2026-10-25T00:00:00.000Z", "2026-10-25T03:00:00.000Z"]])
        }
    }
}
