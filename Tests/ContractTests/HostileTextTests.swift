import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// T21: text that was made to break something is stored and returned as it is, or refused with a pointer to
/// its field; nothing else happens to the database. The fields are those of the contract's request bodies.
struct HostileTextTests {
    /// All of them as normal form C has them, which is the form that names are kept in.
    static let texts = [
        "' or 1=1; drop table principal; --", "'; delete from authority where '1'='1",
        #"") union select hash from access_token --"#, #""quoted" \ backslash \" \u0041 \n"#,
        "nul \u{0} inside",
        "line\u{2028}separator\u{2029}", "\u{202E}right to left\u{2066}", "\u{1B}[31mred\r\n\u{7F}",
        "\u{FEFF}mark \u{FFFF}\u{10FFFF}", "$1 %s %n ${jndi:ldap://x} {{7*7}} <script>alert(1)</script>",
        "  around  ", "o'neill\"\\@desk.example", "https://127.0.0.1:9/a'b\"\\?c=$1;--%22%00",
        "../../etc/passwd%00", "1e309", "\u{1F469}\u{200D}\u{1F4BB}", String(repeating: "x", count: 3_000),
        String(repeating: "é", count: 90),
    ]

    /// Whose bodies are no longer taken at a desk that has an owner or is open, or that are tried on their
    /// own.
    private static let apart: Set<String> = [
        "bootstrap", "acceptInvitation", "useBreakGlass", "uploadCandles", "uploadUsageEvents",
        "testAlertRule", "dryRunAlertRuleActions", "seal", "unseal", "proveShare",
        "confirmRestore",
        "lookAtDeposit", "deposit", "logIn", "changePassword", "resetPassword",
        "signRequest", "tryRequest", "tryProxiedRequest", "proxyPost", "proxyPut", "proxyPatch",
        "confirmTOTP", "addPasskey", "stepUp",
        // Its reason is read as that of `disableAlertRule`, and told by the rules that it disables.
        "disableRulePack",
        // A rule guards itself: it is only parked. A new one reads the same body.
        "updateApprovalRule",
        // Always refused without an approval; createSilence reads the same body. A preview keeps nothing.
        "createSecuritySilence", "previewSilence",
    ]

    private static func operations() throws -> [Contract.Operation] {
        try Contract.shared().operations.filter { operation in
            let body = operation.body["requestBody"]?["content"]?["application/json"]
            return body != nil && !apart.contains(operation.id ?? "")
        }
    }

    @Test func `T21: hostile text in any field is kept as it is, or refused by its field`() async throws {
        try await Premises.open(isRunning: true) { worker, premises in
            let stock = try await Stock(premises, on: worker)
            for operation in ["sign", "sign/dry-run", "proxy-dry-run"] {
                try await judge(operation, stock)
            }
            try await report(stock)
            try await tryRule(stock)
            try await fill(stock)
            #expect(premises.mistakes == [])
        }
    }

    /// Every field of every body, each on a thing of its own.
    private nonisolated(nonsending) func fill(_ stock: Stock) async throws {
        let (premises, operations) = (stock.premises, try Self.operations())
        #expect(operations.count > 20)
        let before = try await premises.tables()
        var tried = 0
        for operation in operations {
            var bench = Bench(stock: stock, operation: operation)
            for field in bench.fields {
                // A third of them for each field, in turn: fields are read by few rules, and each of
                // those meets all texts.
                for (number, text) in Self.texts.enumerated() where (number + tried) % 3 == 0 {
                    try await bench.attempt(text, in: field)
                }
                tried += 1
            }
        }
        #expect(tried > 60)
        #expect(try await premises.tables() == before)
        let verdict = try await premises.call("GET", "/v1/audit/verification", as: stock.owner.token)
        #expect(verdict.json["intact"] == true, "\(verdict.text.prefix(300))")
    }

    /// What shall be signed is judged, or refused by its field.
    private nonisolated(nonsending) func judge(_ operation: String, _ stock: Stock) async throws {
        let premises = stock.premises
        let usual: JSONValue = ["method": "GET", "host": "spot", "path": "/api/v3/account"]
        for place in [["method"], ["host"], ["path"], ["query"], ["query", "0", "0"], ["body"]] {
            let field = TextField(path: place)
            for text in Self.texts {
                let answer = try await premises.call(
                    "POST", stock.path("/v1/keys/{key_id}/\(operation)"), as: stock.owner.token,
                    body: String(decoding: field.set(text, in: usual).bytes, as: UTF8.self))
                let isRefused =
                    answer.status == 422 && answer.pointers.contains { field.pointer.hasPrefix($0) }
                let isJudged = answer.status == 200 || answer.code == "policy_denied"
                #expect(isRefused || isJudged, "\(field): \(text.debugDescription) \(answer.text)")
            }
        }
    }

    /// A report of a use is kept as it is, or refused by its field.
    private nonisolated(nonsending) func report(_ stock: Stock) async throws {
        let premises = stock.premises
        let usual: JSONValue = [
            "client_id": "a", "at": .string(Timestamp.testStart.description), "operation": "trade",
            "key_id": .string(stock.ids["key_id"] ?? ""),
        ]
        for name in ["client_id", "symbol", "client_order_id", "code", "at", "quantity", "address"] {
            let field = TextField(path: [name])
            for (number, text) in Self.texts.enumerated() {
                var report = field.set(text, in: usual)
                if name != "client_id" {
                    report = TextField(path: ["client_id"]).set("\(name) \(number)", in: report)
                }
                let answer = try await premises.call(
                    "POST", "/v1/usage-events", as: stock.owner.token,
                    body: String(decoding: report.bytes, as: UTF8.self), type: "application/x-ndjson")
                #expect(answer.status == 200, "\(name): \(text.debugDescription) \(answer.text)")
                guard answer.json["inserted"]?.asInt == 1 else {
                    let message = answer.json["errors"]?[0]?["message"]?.asString ?? ""
                    #expect(message.hasPrefix("/\(name) "), "\(text.debugDescription) \(answer.text)")
                    continue
                }
                let list = try await premises.call(
                    "GET", "/v1/usage-events?way=report&limit=200", as: stock.owner.token)
                #expect(list.json.holds(text), "\(name): \(text.debugDescription)")
            }
        }
    }

    /// A rule is tried on it without harm.
    private nonisolated(nonsending) func tryRule(_ stock: Stock) async throws {
        let premises = stock.premises
        for text in Self.texts {
            let event: JSONValue = ["type": "custom.stock", "subject": .string(text), "balance": 1]
            let answer = try await premises.call(
                "POST", stock.path("/v1/alert-rules/{rule_id}/test"), as: stock.owner.token,
                body: String(decoding: (["event": event] as JSONValue).bytes, as: UTF8.self))
            #expect([200, 422].contains(answer.status), "\(text) \(answer.text)")
        }
    }

    @Test func `T21: hostile text of whoever has no account yet is refused by its field`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            for (number, text) in Self.texts.enumerated() {
                let invited = try await premises.call(
                    "POST", "/v1/users", as: owner.token,
                    body: #"{"name":"guest","email":"guest\#(number)@desk.example"}"#)
                let token = invited.json["invitation"]?["token"]?.asString ?? ""
                #expect(try await premises.accept(["token": .string(text)], naming: text) == nil)
                let both: JSONValue = ["token": .string(token), "name": .string(text)]
                #expect(try await premises.accept(both, naming: text) == nil)
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a candle of a hostile ticker is refused by its row`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let owner = try await premises.owner()
            for text in Self.texts {
                let object: JSONValue = [
                    "token": .string(text), "interval": "1d", "open_time": "2020-01-01T00:00:00Z", "open": 1,
                    "high": 1, "low": 1, "close": 1, "volume": 1,
                ]
                let json = String(decoding: object.bytes, as: UTF8.self) + "\n"
                let quoted = "\"\(text.replacing("\"", with: "\"\""))\""
                let csv = """
                    token,interval,open_time_iso8601,open,high,low,close,volume
                    \(quoted),1d,2020-01-01T00:00:00Z,1,1,1,1,1
                    """
                for (body, type) in [(json, "application/x-ndjson"), (csv, "text/csv")] {
                    let answer = try await premises.call(
                        "POST", "/v1/candles?source=desk", as: owner.token, body: body, type: type)
                    #expect([200, 400].contains(answer.status), "\(text) \(answer.text)")
                    #expect(answer.status == 400 || answer.json["inserted"] == 0, "\(text) \(answer.text)")
                }
            }
            #expect(try await premises.call("GET", "/v1/tokens", as: owner.token).json["data"] == [])
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T21: hostile text in a search finds nothing, or is refused`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            for list in ["users", "service-accounts", "accounts", "keys", "webhooks", "alert-rules"] {
                for text in Self.texts {
                    let escaped = text.prefix(300).utf8.map { byte in
                        let digits = String(byte, radix: 16)
                        return byte < 16 ? "%0\(digits)" : "%\(digits)"
                    }.joined()
                    let answer = try await premises.call("GET", "/v1/\(list)?q=\(escaped)", as: owner.token)
                    let isRefused = answer.status == 400 && answer.code == "invalid_parameter"
                    let isEmpty = answer.status == 200 && answer.json["data"] == []
                    #expect(isRefused || isEmpty, "\(list): \(text) \(answer.text)")
                }
            }
        }
    }
}

extension Premises {
    /// Nil when the text was kept as it is, or refused by its field or as no token.
    nonisolated(nonsending) fileprivate func accept(_ body: JSONValue, naming text: String) async throws
        -> String?
    {
        let answer = try await call(
            "POST", "/v1/invitations/accept", body: String(decoding: body.bytes, as: UTF8.self))
        let isKept = answer.status == 201 && answer.json.holds(text)
        let isRefused = answer.status == 422 && !answer.pointers.isEmpty
        return isKept || isRefused || answer.status == 401 ? nil : answer.text
    }

    private static let columns = Statement(
        "test_columns",
        """
        select table_name || '.' || column_name || ' ' || data_type from information_schema.columns
        where table_schema = 'public' and table_name !~ '_[0-9]+$' order by 1
        """)

    nonisolated(nonsending) fileprivate func tables() async throws -> [String] {
        try await host.database.query(Self.columns).map { $0.text(0) }
    }
}
