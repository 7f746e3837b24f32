import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market

struct WatchlistTests {
    private func principal(_ number: UInt64, in desk: MarketDesk) async throws -> PrincipalID {
        let id = UUID(high: 7, low: number)
        _ = try await desk.rows(
            """
            insert into principal (id, kind, name, name_folded, email, email_folded, status, created_at,
                updated_at)
            values ('\(id)', 'user', 'p', 'p', 'p\(number)', 'p\(number)', 'active', now(), now())
            """)
        return PrincipalID(.user, id)
    }

    @Test func `a list is made, read, changed by its ETag, and deleted`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("SOL", closes: [1])
            try await desk.push("BTC", closes: [1])
            let made = try await desk.call(
                "POST", "watchlists", #"{"name":"majors","tokens":["SOL","BTC","SOL"]}"#)
            #expect(made.status == 201 && made.etag == "\"1\"", "\(made.text)")
            let symbols = made.json["tokens"]?.asArray?.map { $0["symbol"]?.asString }
            #expect(symbols == ["SOL", "BTC"])
            let path = "watchlists/\(made.json["id"]?.asString ?? "")"
            #expect(try await desk.call("PATCH", path, #"{"name":"x"}"#, match: nil).status == 428)
            #expect(try await desk.call("PATCH", path, #"{"name":"x"}"#, match: "\"7\"").status == 412)
            let changed = try await desk.call(
                "PATCH", path, #"{"tokens":["BTC"],"description":"one"}"#, match: "\"1\"")
            #expect(changed.json["tokens"]?.asArray?.count == 1 && changed.json["description"] == "one")
            #expect(changed.json["name"] == "majors" && changed.json["revision"] == 2)
            let cleared = try await desk.call("PATCH", path, #"{"description":null}"#)
            #expect(cleared.json["description"] == .null && cleared.json["tokens"]?.asArray?.count == 1)
            #expect(try await desk.call("PATCH", path, "{}").status == 422)
            let twin = try await desk.call("POST", "watchlists", #"{"name":"MAJORS"}"#)
            #expect(twin.code == "already_exists" && twin.pointers == ["/name"])
            #expect(try await desk.call("DELETE", path).status == 204)
            #expect(try await desk.get(path).status == 404)
            let trail = try await desk.rows("select 1 from audit_item where action like 'watchlists.%'")
            #expect(trail.count == 4)
        }
    }

    @Test func `a body's mistakes are told by field`() async throws {
        try await MarketDesk.with { _, desk in
            let wrong = try await desk.call(
                "POST", "watchlists",
                #"{"tokens":["sol"],"shared_with":[{"with":"all","access":"own"}],"colour":1}"#)
            #expect(
                Set(wrong.pointers) == [
                    "/name", "/tokens/0", "/shared_with/0/with", "/shared_with/0/access", "/colour",
                ], "\(wrong.text)")
            let unknown = try await desk.call(
                "POST", "watchlists", #"{"name":"a","tokens":["NONE"]}"#)
            #expect(unknown.status == 422 && unknown.pointers == ["/tokens/0"], "\(unknown.text)")
            let nobody = try await desk.call(
                "POST", "watchlists",
                #"{"name":"a","shared_with":[{"with":"\#(UserID(UUID(high: 9, low: 9)))","access":"read"}]}"#)
            #expect(nobody.pointers == ["/shared_with/0/with"], "\(nobody.text)")
            let oneself = try await desk.call(
                "POST", "watchlists",
                #"{"name":"a","shared_with":[{"with":"\#(desk.owner)","access":"read"}]}"#)
            #expect(oneself.pointers == ["/shared_with/0/with"], "\(oneself.text)")
        }
    }

    @Test func `who it is not shared with does not know of it; groups and the desk count`() async throws {
        try await MarketDesk.with { _, desk in
            let (reader, writer) = (
                try await principal(1, in: desk), try await principal(2, in: desk)
            )
            let member = try await principal(3, in: desk)
            let group = GroupID(UUID(high: 8, low: 1))
            _ = try await desk.rows(
                """
                insert into access_group (id, name, name_folded, created_at, created_by, updated_at)
                values ('\(group.uuid)', 'g', 'g', now(), 'usr_test', now())
                """)
            _ = try await desk.rows(
                """
                insert into group_member (group_id, principal, added_at, added_by)
                values ('\(group.uuid)', '\(member.uuid)', now(), 'usr_test')
                """)
            let made = try await desk.call("POST", "watchlists", #"{"name":"mine"}"#)
            let path = "watchlists/\(made.json["id"]?.asString ?? "")"
            for other in [reader, writer, member] {
                #expect(try await desk.call("GET", path, as: other).status == 404)
                #expect(try await desk.call("PATCH", path, #"{"name":"b"}"#, as: other).status == 404)
                #expect(try await desk.call("DELETE", path, as: other).status == 404)
                #expect(try await desk.call("GET", "watchlists", as: other).json["data"] == [])
            }
            let shared = try await desk.call(
                "PATCH", path,
                """
                {"shared_with":[{"with":"\(reader)","access":"read"},{"with":"\(writer)","access":"write"},\
                {"with":"\(group)","access":"read"}]}
                """)
            #expect(shared.status == 200, "\(shared.text)")
            for other in [reader, member] {
                #expect(try await desk.call("GET", path, as: other).status == 200)
                #expect(try await desk.call("PATCH", path, #"{"name":"b"}"#, as: other).status == 403)
            }
            #expect(try await desk.call("PATCH", path, #"{"name":"b"}"#, as: writer).status == 200)
            let steal = try await desk.call("PATCH", path, #"{"shared_with":[]}"#, as: writer)
            #expect(steal.status == 403)
            #expect(try await desk.call("DELETE", path, as: writer).status == 403)
            let desks = try await desk.call(
                "PATCH", path, #"{"shared_with":[{"with":"desk","access":"write"}]}"#)
            #expect(desks.status == 200)
            let all = try await desk.call("GET", "watchlists", as: reader)
            #expect(all.json["data"]?.asArray?.count == 1)
        }
    }

    @Test func `lists of somebody who leaves go to the heir`() async throws {
        try await MarketDesk.with { _, desk in
            let heir = try await principal(1, in: desk)
            for name in ["a", "b"] { _ = try await desk.call("POST", "watchlists", #"{"name":"\#(name)"}"#) }
            _ = try await desk.call("POST", "watchlists", #"{"name":"A"}"#, as: heir)
            let owner = desk.owner
            let left = try await desk.ledger.change(testContext(at: desk.time.now)) { change in
                try await WatchlistLeaving.carryOut(owner, heir: heir, change)
            }
            #expect(left.map(\.name).sorted() == ["a", "b"] && left.allSatisfy(\.isReassigned))
            let lists = try await desk.call("GET", "watchlists", as: heir).json["data"]?.asArray ?? []
            #expect(lists.count == 3)
            #expect(try await desk.get("watchlists").json["data"] == [])
        }
    }

    @Test func `lists are paged`() async throws {
        try await MarketDesk.with { _, desk in
            for number in 0..<5 { _ = try await desk.call("POST", "watchlists", #"{"name":"\#(number)"}"#) }
            var names: [String] = []
            var cursor = ""
            repeat {
                let page = try await desk.get("watchlists?limit=2\(cursor)").json
                names += page["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
                cursor = page["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(names.sorted() == ["0", "1", "2", "3", "4"])
        }
    }

    @Test func `lists of tokens are narrowed to a watchlist that the caller sees`() async throws {
        try await MarketDesk.with { _, desk in
            for name in ["SOL", "BTC", "ETH"] { try await desk.push(name, closes: [1, 2]) }
            let made = try await desk.call("POST", "watchlists", #"{"name":"a","tokens":["SOL","ETH"]}"#)
            let id = made.json["id"]?.asString ?? ""
            let empty = try await desk.call("POST", "watchlists", #"{"name":"b","tokens":[]}"#)
            let none = empty.json["id"]?.asString ?? ""
            func symbols(_ answer: TestAnswer, _ list: String = "data") -> [String] {
                answer.json[list]?.asArray?.compactMap { $0["symbol"]?.asString } ?? []
            }
            #expect(symbols(try await desk.get("tokens?watchlist=\(id)")) == ["ETH", "SOL"])
            #expect(symbols(try await desk.get("tokens?watchlist=\(none)")) == [])
            let base = "movers?source=x&interval=1d&window=1d"
            let movers = try await desk.get("\(base)&watchlist=\(id)")
            #expect(symbols(movers, "gainers").sorted() == ["ETH", "SOL"], "\(movers.text)")
            #expect(movers.json["counts"]?["tokens"] == 3 && movers.json["counts"]?["measured"] == 2)
            _ = try await desk.rows(
                """
                with model as (
                    insert into grade_model (id, name, parameters_hash) values (99, 'test', '') returning id
                )
                insert into investor_grade (token_id, source, time, known_at, value, data_quality, facts,
                    candles, model, revision, retroactive)
                select token_id, 'x', last_closed, now(), 50, 50, 0, 2, 99, 1, false from series, model
                """)
            let grades = try await desk.get("grades/investor?watchlist=\(id)")
            #expect(symbols(grades).sorted() == ["ETH", "SOL"], "\(grades.text)")
            let stranger = try await principal(3, in: desk)
            for path in ["tokens?", "signals?", "grades/trader?interval=1d&", "grades/investor?", "\(base)&"]
            {
                #expect(try await desk.get("\(path)watchlist=\(id)").status == 200, "\(path)")
                let hidden = try await desk.call("GET", "\(path)watchlist=\(id)", as: stranger)
                let unknown = try await desk.call(
                    "GET", "\(path)watchlist=wat_01ke6my6g1ff0v1s9c9dyq0c6e", as: stranger)
                #expect(hidden.status == 404 && hidden.text == unknown.text, "\(hidden.text)")
                #expect(try await desk.get("\(path)watchlist=x").pointers == ["query:watchlist"])
            }
            for path in ["grades/trader?interval=1d&", "grades/investor?"] {
                let both = try await desk.get("\(path)token=SOL&watchlist=\(id)")
                #expect(both.pointers == ["query:watchlist"], "\(both.text)")
            }
        }
    }
}
