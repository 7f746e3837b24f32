import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct KeyListTests {
    private func labels(_ desk: KeyDesk, _ query: String) async throws -> [String] {
        let answer = try await desk.call("GET", "/v1/keys?\(query)")
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json["data"]?.asArray?.compactMap { $0["label"]?.asString } ?? []
    }

    /// All pages of two.
    private func allLabels(_ desk: KeyDesk, _ query: String) async throws -> [String] {
        var (found, cursor): ([String], String?) = ([], nil)
        repeat {
            let place = cursor.map { "&cursor=\($0)" } ?? ""
            let answer = try await desk.call("GET", "/v1/keys?limit=2\(query)\(place)")
            try #require(answer.status == 200, "\(answer.text)")
            found += answer.json["data"]?.asArray?.compactMap { $0["label"]?.asString } ?? []
            cursor = answer.json["next_cursor"]?.asString
        } while cursor != nil && found.count < 100
        return found
    }

    private func fill(_ desk: KeyDesk) async throws {
        let more = [
            ("Alpha", #""tags": ["a"], "expires_at": "2026-03-01T00:00:00Z""#),
            ("beta", #""tags": ["a", "b"], "owner_id": "\#(KeyDesk.colleague)""#),
            ("Gamma spot", #""expires_at": "2026-02-01T00:00:00Z", "rotation": {"every": "90d"}"#),
            ("delta SPOT", #""rotation": {"every": "30d"}, "secret_created_at": "2025-09-01T00:00:00Z""#),
            ("epsilon 100%", ""),
        ]
        for (label, fields) in more {
            _ = try await desk.register(label, fields)
            desk.time.move(.seconds(1))
        }
    }

    @Test(arguments: [
        ("", ["epsilon 100%", "delta SPOT", "Gamma spot", "beta", "Alpha"]),
        ("&sort=created_at", ["Alpha", "beta", "Gamma spot", "delta SPOT", "epsilon 100%"]),
        ("&sort=label", ["Alpha", "beta", "delta SPOT", "epsilon 100%", "Gamma spot"]),
        ("&sort=-label", ["Gamma spot", "epsilon 100%", "delta SPOT", "beta", "Alpha"]),
        ("&sort=expires_at", ["Gamma spot", "Alpha", "beta", "delta SPOT", "epsilon 100%"]),
        ("&sort=-expires_at", ["Alpha", "Gamma spot", "epsilon 100%", "delta SPOT", "beta"]),
        ("&sort=rotation_due_at", ["delta SPOT", "Gamma spot", "Alpha", "beta", "epsilon 100%"]),
        ("&sort=-rotation_due_at", ["Gamma spot", "delta SPOT", "epsilon 100%", "beta", "Alpha"]),
    ])
    func `every order pages through all keys once`(query: String, expected: [String]) async throws {
        try await KeyDesk.run { desk in
            try await fill(desk)
            #expect(try await allLabels(desk, query) == expected)
        }
    }

    @Test func `filters are joined by and`() async throws {
        try await KeyDesk.run { desk in
            try await fill(desk)
            let cases: [(String, [String])] = [
                ("q=SPOT", ["delta SPOT", "Gamma spot"]), ("q=t", ["delta SPOT", "Gamma spot", "beta"]),
                ("q=ta", ["delta SPOT", "beta"]), ("q=amma%20s", ["Gamma spot"]),
                ("q=100%25", ["epsilon 100%"]),
                ("q=100_", []), ("q=spot&tag=a", []), ("tag=a", ["beta", "Alpha"]), ("tag=b", ["beta"]),
                ("owner_id=\(KeyDesk.colleague)", ["beta"]), ("exchange=okx", []),
                ("exchange=binance&q=alp", ["Alpha"]), ("account=other", []), ("environment=demo", []),
                ("status=suspended", []), ("expiring_before=2026-02-15T00:00:00Z", ["Gamma spot"]),
                ("rotation_due=true", ["delta SPOT"]),
                ("rotation_due=false&sort=label", ["Alpha", "beta", "epsilon 100%", "Gamma spot"]),
            ]
            for (query, expected) in cases { #expect(try await labels(desk, query) == expected, "\(query)") }
        }
    }

    @Test func `a page is not moved by keys that come and go`() async throws {
        try await KeyDesk.run { desk in
            try await fill(desk)
            let first = try await desk.call("GET", "/v1/keys?limit=2&sort=label")
            let cursor = try #require(first.json["next_cursor"]?.asString)
            _ = try await desk.register("aaa")
            let next = try await labels(desk, "limit=2&sort=label&cursor=\(cursor)")
            #expect(next == ["delta SPOT", "epsilon 100%"])
        }
    }

    @Test(arguments: [
        "sort=size", "q=", "exchange=mtgox", "tag=Big", "limit=0", "limit=201", "cursor=AAAA",
        "rotation_due=1",
        "expiring_before=soon", "owner_id=me", "lable=x", "status=gone", "q=a&q=b",
    ])
    func `what is no filter is refused`(query: String) async throws {
        try await KeyDesk.run { desk in
            let answer = try await desk.call("GET", "/v1/keys?\(query)")
            #expect(answer.code == "invalid_parameter")
            #expect(answer.pointers == ["query:\(query.prefix { $0 != "=" })"])
        }
    }

    @Test func `a cursor belongs to its order`() async throws {
        try await KeyDesk.run { desk in
            try await fill(desk)
            let first = try await desk.call("GET", "/v1/keys?limit=2&sort=label")
            let cursor = try #require(first.json["next_cursor"]?.asString)
            #expect(try await desk.call("GET", "/v1/keys?cursor=\(cursor)").code == "invalid_parameter")
        }
    }

    @Test func `hostile text is only text`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register(#"'; drop table exchange_key; -- %_\\"#)
            #expect(try await labels(desk, "q=%27%3B%20drop%20table").count == 1)
            #expect(try await labels(desk, "q=%25_%5C").count == 1)
        }
    }
}
