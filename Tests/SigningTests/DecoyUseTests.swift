import Events
import JSON
import Postgres
import TestSupport
import Testing

@testable import Signing

/// Bait in the hands of whoever has a token: told of, and never shown to an exchange.
@Suite struct DecoyUseTests {
    private static let touched = Statement(
        "test_touched",
        "select data->>'operation' from event where type = 'key.decoy.touched' order by xid, id")
    private static let account = #"{"method": "GET", "host": "spot", "path": "/api/v3/account", "query": []}"#

    private func touches(_ desk: SigningDesk) async throws -> [String] {
        try await desk.database.query(Self.touched).map { $0.text(0) }
    }

    private func plant(_ desk: SigningDesk) async throws -> String {
        let planted = try await desk.call(
            "POST", "/v1/decoy-keys",
            #"{"exchange": "binance", "account": "main", "environment": "live", "label": "treasury", "#
                + #""permissions": ["read", "trade_spot"], "ip_allow_list": ["203.0.113.7"]}"#)
        let id = try #require(planted.json["id"]?.asString, "\(planted.text)")
        let told = try await desk.call("POST", "/v1/keys/\(id)/verify")
        try #require(told.json["status"] == "active", "\(told.text)")
        return "/v1/keys/\(id)"
    }

    @Test func `whoever tries to use a decoy is told of, also when they are denied`() async throws {
        try await SigningDesk.run { desk in
            let path = try await plant(desk)
            let signed = try await desk.call("POST", path + "/sign", Self.account)
            #expect(signed.status == 403, "\(signed.text)")
            let sent = try await desk.call("GET", path + "/proxy/spot/api/v3/account")
            #expect(sent.status == 403, "\(sent.text)")
            #expect(try await touches(desk) == ["verify", "sign", "proxy"])
            #expect(desk.exchange.requests.isEmpty)
        }
    }

    @Test func `what a policy lets through never reaches the exchange, and is refused as one would`()
        async throws
    {
        try await SigningDesk.run { desk in
            let path = try await plant(desk)
            let policy = #"{"operations": ["read"], "ways": ["proxy"]}"#
            let published = try await desk.call("PUT", path + "/policy", policy, match: "\"0\"")
            #expect(published.status == 200, "\(published.text)")
            let sent = try await desk.call("GET", path + "/proxy/spot/api/v3/account")
            #expect(sent.status == 401)
            #expect(sent.json["code"]?.asInt == -2014, "\(sent.text)")
            #expect(try await touches(desk) == ["verify", "proxy"])
            #expect(desk.exchange.requests.isEmpty)
        }
    }
}
