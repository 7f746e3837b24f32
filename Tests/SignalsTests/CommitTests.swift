import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// What a candle and its analysis ask of the database beside the rows.
struct CommitTests {
    private func csv(_ rows: [String]) -> [UInt8] {
        Array(("token,interval,open_time,open,high,low,close,volume\n" + rows.joined(separator: "\n")).utf8)
    }

    private func day(_ number: Int) -> String {
        let time = Timestamp(seconds: 1_577_836_800 + Int64(number) * 86_400)
        let close = 100 + Double(number % 7)
        return "A,1d,\(time),\(close),\(close + 1),\(close - 1),\(close),1"
    }

    @Test func `a step of a history that tells nothing does not wait for the disk, and what tells does`()
        async throws
    {
        try await Desk.with { _, desk in
            _ = try await desk.rows("create table seen (analysed int8, setting text)")
            _ = try await desk.rows(
                """
                create function note() returns trigger language plpgsql as $$
                begin
                    insert into seen values (new.analysed, current_setting('synchronous_commit'));
                    return null;
                end
                $$
                """)
            // At the commit itself, behind all that the step said.
            _ = try await desk.rows(
                """
                create constraint trigger note after update on series deferrable initially deferred
                for each row execute function note()
                """)
            _ = try await desk.upload("source=x", csv((0..<1_500).map(day)))
            while try await desk.analyst.sweepAndSettle(within: .seconds(60)) > 0 {}
            let seen = try await desk.rows("select analysed::text || setting from seen order by 1")
            #expect(seen.map { $0.text(0) } == ["0on", "1off", "2on"])
            #expect(!desk.events.isEmpty, "what the last step told")
        }
    }

    @Test func `what one candle asks is planned once`() async throws {
        try await Desk.with { _, desk in
            for number in 0..<40 { _ = try await desk.upload("source=x", csv([day(number)])) }
            let plans = try await desk.database.transaction { transaction in
                try await transaction.query(
                    Statement(
                        "test_plans",
                        """
                        select left(statement, 60), generic_plans, custom_plans from pg_prepared_statements
                        where generic_plans + custom_plans > 6 and (statement ~ 'for share of t$'
                            or statement ~ 'join former_ticker' or statement ~ 'where s.token_id = ..1::uuid'
                            or statement ~ 'candles = s.candles' or statement ~ '^select id, decided_at'
                            or statement ~ 'insert into grade as g')
                        """))
            }
            #expect(plans.count == 6)
            for row in plans { #expect(row.int(1) > 0 && row.int(2) <= 5, "\(row.text(0))") }
        }
    }
}
