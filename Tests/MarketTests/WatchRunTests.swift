import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market

/// One item that cannot be measured does not keep the others from it.
struct WatchRunTests {
    /// Series of a source that would all have to be looked at.
    private nonisolated(nonsending) func crowd(_ desk: MarketDesk, _ source: String) async throws {
        _ = try await desk.rows(
            """
            with made as (
                insert into token (id, created_at, updated_at)
                select gen_random_uuid(), '\(desk.time.now)', '\(desk.time.now)' from generate_series(1, 1000)
                returning id
            ), named as (
                insert into ticker (token_id, symbol) select id, upper(substr(md5(id::text), 1, 12)) from made
            )
            insert into series (token_id, source, interval, created_at, updated_at)
            select id, '\(source)', '1d', '\(desk.time.now)', '\(desk.time.now)' from made
            """)
    }

    private func list(_ name: String, _ source: String, _ window: String) -> String {
        #"{"name":"\#(name)","source":"\#(source)","interval":"1d","window":"\#(window)"}"#
    }

    @Test func `a mover list that would read too much is refused, and one that grew so stops no other`()
        async throws
    {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(3))
            try await desk.push("A", closes: [1, 2, 3])
            try await desk.push("B", closes: [1, 2, 3], source: "y")
            let heavy = try await desk.call("POST", "mover-lists", list("heavy", "x", "1000d"))
            let light = try await desk.call("POST", "mover-lists", list("light", "y", "1d"))
            #expect(heavy.status == 201 && light.status == 201, "\(heavy.text)")
            try await crowd(desk, "x")
            let more = try await desk.call("POST", "mover-lists", list("more", "x", "1000d"))
            #expect(more.status == 422 && more.pointers == ["/window"], "\(more.text)")
            let path = "mover-lists/\(heavy.json["id"]?.asString ?? "")"
            #expect(try await desk.call("PATCH", path, #"{"size":5}"#).pointers == ["/window"])
            try await desk.run("market-closes")
            await #expect { try await desk.run("movers") } throws: { error in
                "\(error)".contains("1000 candles of each of 1001 series")
            }
            let measured = try await desk.get("mover-lists/\(light.json["id"]?.asString ?? "")")
            #expect(measured.json["gainers"]?[0]?["symbol"] == "B", "\(measured.text)")
            // Told once a turn.
            try await desk.run("movers")
            #expect(try await desk.call("PATCH", path, #"{"window":"1d"}"#).status == 200)
            try await desk.run("movers")
            #expect(try await desk.get(path).json["gainers"]?[0]?["symbol"] == "A")
        }
    }

    @Test func `a market that cannot be written stops none of those behind it`() async throws {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(60))
            for source in ["a", "b"] {
                try await desk.push("BTC", closes: (0..<60).map { Double(100 + $0) }, source: source)
                let made = try await desk.call(
                    "POST", "narratives",
                    #"{"name":"\#(source)","source":"\#(source)","members":[{"token":"BTC"}]}"#)
                #expect(made.status == 201)
            }
            for table in ["market_close", "market_watch", "narrative"] {
                _ = try await desk.rows(
                    """
                    create function refuse_\(table)() returns trigger language plpgsql as
                    $$ begin if new.source = 'a' then raise exception 'no'; end if; return new; end $$
                    """)
            }
            func refusing(_ table: String, _ job: String) async throws {
                _ = try await desk.rows(
                    "create trigger refuse before insert or update on \(table) for each row "
                        + "execute function refuse_\(table)()")
                await #expect(throws: PostgresError.self) { try await desk.run(job) }
                _ = try await desk.rows("drop trigger refuse on \(table)")
            }
            try await refusing("market_close", "market-closes")
            #expect(try await desk.rows("select source from market_close").map { $0.text(0) } == ["b"])
            try await desk.run("market-closes")
            try await refusing("market_watch", "market-regime")
            #expect(try await desk.rows("select source from market_watch").map { $0.text(0) } == ["b"])
            try await refusing("narrative", "narratives")
            let measured = try await desk.rows("select name from narrative where measured_at is not null")
            #expect(measured.map { $0.text(0) } == ["b"])
        }
    }
}
