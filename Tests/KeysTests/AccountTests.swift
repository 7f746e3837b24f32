import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

struct AccountTests {
    @Test func `keys of one account share the record that the first one made`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a")
            _ = try await desk.register("b")
            let data = try await desk.call("GET", "/v1/accounts?exchange=binance&q=MAI").json["data"]
            #expect(data?.asArray?.count == 1)
            #expect(data?[0]?["name"] == "main")
            #expect(data?[0]?["keys"]?["active"] == 2)
            let id = data?[0]?["id"]?.asString ?? ""
            #expect(try await desk.call("GET", "/v1/accounts/\(id)").json["name"] == "main")
        }
    }

    @Test func `an account's mode is the standing order over the whole of it`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a")
            func mode() async throws -> JSONValue? {
                try await desk.call("GET", "/v1/accounts").json["data"]?[0]?["mode"]
            }
            #expect(try await mode() == .null)
            for (selector, count, expected) in [
                (#""tag": "x""#, 0, JSONValue.null), (#""account": "main""#, 1, "suspended"),
            ] {
                let body = """
                    {"selector": {\(selector)}, "mode": "suspended", "reason": "drill",
                    "expect_count": \(count)}
                    """
                #expect(try await desk.call("POST", "/v1/keys/mode", body).status == 200)
                #expect(try await mode() == expected)
            }
        }
    }
}
