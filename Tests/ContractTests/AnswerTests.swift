import EventLoop
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// Real answers have the fields that the contract says, with the types that it says, and no others; and what
/// the contract gives as an example is taken by the service and fits the contract itself.
struct AnswerTests {
    /// What lists need, or show more with.
    private static let queries = [
        "listCandles": ["token=SOL&interval=1d&limit=50"], "listGaps": ["", "token=SOL&interval=1d"],
        "listIndicators": ["", "token=SOL&interval=1d&names=rsi14&limit=20"],
        "listTraderGrades": [
            "interval=1d", "token=SOL&interval=1d&limit=20", "token=SOL&interval=1d&limit=5&why=true",
            "token=SOL&interval=1d&limit=5&why=true&model=trader/v1",
        ],
        "listSignals": ["", "token=SOL&interval=1d&sort=roi_net", "model=trader/v1&sort=-confidence"],
        "getLevels": ["token=SOL&interval=1d"], "getSignalCalibration": ["", "model=trader/v1&interval=1h"],
        "getMarket": ["source=stock&interval=1d", "source=none&interval=1h"],
        "listFacts": ["", "token=SOL&expired=true"], "listTokenMetrics": ["", "token=SOL"],
        "listTokenMetricObservations": ["token=SOL&metric=sentiment&source=stock"],
        "listInvestorGrades": ["", "source=stock&sort=grade&why=true&grade_gte=0", "token=SOL&why=true"],
        "listMovers": ["source=stock&interval=1d&window=7d", "source=none&interval=1h&window=1d&limit=3"],
        "tokenMetricsDailyCandles": ["symbol=SOL&startDate=2021-01-01&limit=1000&page=0"],
        "tokenMetricsTraderGrades": ["symbol=SOL&startDate=2021-01-01&limit=100"],
        "tokenMetricsSignals": ["symbol=SOL&startDate=2021-01-01&limit=300", "symbol=BTC&signal=1"],
        "listEvents": ["", "after=now", "type=custom.*,key.*&limit=1000"],
        "listAuditRecords": ["", "limit=200"],
        "listHolders": ["permission=keys:read", "permission=owners:write&limit=1"],
        "summariseUsage": ["", "group_by=key,actor,operation,symbol,address,outcome&bucket=1d"],
    ]

    /// What ends the desk's day, or needs what only a moment has: shares, a restore, an exchange, a provider,
    /// a factor (`StepUpTests`).
    private static let apart: Set<String?> = [
        "seal", "proveShare", "confirmRestore", "beginOpenIDLogin", "finishOpenIDLogin", "signRequest",
        "proxyGet", "proxyPost", "proxyPut",
        "proxyPatch", "confirmTOTP", "addPasskey", "stepUp",
        // Nobody does it without an approval.
        "createSecuritySilence",
    ]

    @Test func `real answers, lists and examples of requests are as the contract says`() async throws {
        try await Premises.open(isRunning: true) { worker, premises in
            let stock = try await Stock(premises, on: worker)
            try await list(stock)
            try await read(stock)
            #expect(premises.mistakes == [])
            try await send(stock)
            #expect(premises.mistakes == [])
        }
    }

    /// Every list that is not empty has one of each.
    private nonisolated(nonsending) func list(_ stock: Stock) async throws {
        let premises = stock.premises
        let lists = [
            "users", "service-accounts", "groups", "grants", "access-tokens", "keys", "tokens", "series",
            "signals",
            "webhooks", "deliveries", "alert-rules", "alerts", "events", "audit-records", "jobs", "roles",
            "permissions", "exchanges", "grades/trader?interval=1d",
            "candles?token=SOL&interval=1d&limit=1", "desk/policy/history", "ready-policies",
            "usage-events", "price-sources", "approvals", "approval-rules", "rule-packs",
        ]
        for list in lists {
            let page = try await premises.call("GET", "/v1/\(list)", as: stock.owner.token)
            #expect(page.json["data"]?.asArray?.isEmpty == false, "\(list) \(page.text.prefix(300))")
        }
    }

    /// Every reading answers as the contract says.
    private nonisolated(nonsending) func read(_ stock: Stock) async throws {
        let premises = stock.premises
        for operation in premises.operations
        where operation.method == .get && !Self.apart.contains(operation.id) {
            for query in Self.queries[operation.id] ?? [""] {
                let answer = try await premises.call(
                    "GET", stock.path(operation.path) + (query.isEmpty ? "" : "?\(query)"),
                    as: stock.owner.token)
                #expect(answer.status == 200, "\(operation.id) \(query) \(answer.text.prefix(500))")
            }
        }
    }

    /// Every example of a request is taken as it stands.
    private nonisolated(nonsending) func send(_ stock: Stock) async throws {
        let (premises, contract) = (stock.premises, try Contract.shared())
        for operation in contract.operations
        where operation.permission != "none" && !Self.apart.contains(operation.id) {
            for content in operation.body["requestBody"]?["content"]?.asObject?.members ?? [] {
                let answer = try await stock.send(operation, content.name, content.value["example"])
                #expect(
                    (200..<300).contains(answer.status),
                    "\(operation.name) \(content.name) \(answer.text.prefix(500))")
            }
        }
        for job in ["key-expiry", "audit-checkpoint"] {
            let run = try await premises.call("POST", "/v1/jobs/\(job)/run", as: stock.owner.token)
            #expect(run.status == 202, "\(run.text)")
        }
    }

    @Test func `every example of a request fits its own schema`() throws {
        let contract = try Contract.shared()
        for operation in contract.operations {
            for content in operation.body["requestBody"]?["content"]?.asObject?.members ?? []
            where content.name == "application/json" {
                let shape = try #require(content.value["schema"], "\(operation.name)")
                let example = try #require(content.value["example"], "\(operation.name)")
                #expect(Schema(contract: contract).mistakes(example, shape) == [], "\(operation.name)")
            }
        }
    }

    @Test func `every example of a schema fits it`() throws {
        let contract = try Contract.shared()
        var count = 0
        for shape in contract.component("schemas")?.asObject?.members ?? [] {
            for example in shape.value["examples"]?.asArray ?? [] {
                count += 1
                let mistakes = Schema(contract: contract).mistakes(example, shape.value)
                #expect(mistakes == [], "\(shape.name)")
            }
        }
        #expect(count > 50)
    }
}

extension Stock {
    /// The example as a request to things that are there; a change names the revision that it is of.
    fileprivate func send(
        _ operation: Contract.Operation, _ type: String, _ example: JSONValue?
    ) async throws -> TestAnswer {
        var path = path(operation.path)
        // A rule guards itself.
        var headers = operation.id == "updateApprovalRule" ? Self.waiting : []
        if operation.method == "PATCH" {
            let current = try await premises.call("GET", path, as: owner.token)
            headers.append((name: "if-match", value: try #require(current.etag, "\(path)")))
        } else if operation.errorCodes.contains("precondition_required") {
            headers.append((name: "if-match", value: "*"))
        }
        if operation.id == "uploadCandles" {
            path += "?source=example" + (type == "application/json" ? "&token=BTC&interval=1d" : "")
        }
        let body: String
        if case .string(let text)? = example {
            body = text.replacing("key_01ke6my6g1e5t8k5m7m9k23x72", with: ids["key_id"] ?? "")
        } else {
            let fitting = try await named(fitted(try #require(example)), path)
            body = String(decoding: fitting.bytes, as: UTF8.self)
        }
        let token = person(for: operation).token
        // Tried first, as if it had to wait: afterwards it is taken as if nothing had been.
        let isStopped = try await premises.isStopped(
            operation.method, path, as: token, headers: headers, body: body, type: type)
        // A dry run is undone by itself.
        #expect(
            isStopped || example?["dry_run"] == true,
            "\(operation.name) did something, or answered, when it was only tried")
        return try await premises.insist(
            operation.method, path, as: token, headers: headers, body: body, type: type)
    }

    /// A draft is published by the digest that it has by then.
    private func named(_ example: JSONValue, _ path: String) async throws -> JSONValue {
        guard path.hasSuffix("/policy/draft/publish") else { return example }
        let draft = try await premises.call(
            "GET", String(path.dropLast("/publish".count)), as: owner.token)
        let digest = try #require(draft.json["digest"]?.asString, "\(draft.text)")
        return TextField(path: ["digest"]).set(digest, in: example)
    }
}
