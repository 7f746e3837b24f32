import Access
import Events
import HTTPServer
import Identity
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// What is to wait for approvals is tried first: what would be refused is refused at once, and nothing is
/// done.
@Suite struct RehearsalTests {
    private static let match = [(name: "if-match", value: "*")]

    @Test func `each operation that can wait is tried, or is known to reach further`() async throws {
        try await Premises.open { _, premises in
            let waiting = Set(premises.operations.filter(\.canWait).map(\.id))
            let tried = waiting.filter { Rehearsal.of($0) != nil }
            #expect(tried.isDisjoint(with: Rehearsal.never))
            #expect(waiting == tried.union(Rehearsal.never), "\(waiting.subtracting(tried))")
            #expect(Rehearsal.of("approveApproval") == nil && Rehearsal.of("proxyPost") == nil)
        }
    }

    @Test func `what would be refused is not kept for approvals`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let guarded = [
                "updateKey", "suspendKey", "revealKey", "verifyKey", "createGroup", "createGrant",
                "publishKeyPolicy", "createRole", "advanceKeyRotation", "createPasswordReset",
            ]
            try await desk.rule(guarded)
            let key = "/v1/keys/\(try await desk.key())"
            for wrong in Self.wrong(key, desk) {
                let headers = Stock.waiting + wrong.headers
                let refused = try await premises.insist(
                    wrong.method, wrong.path, as: desk.owner.token, headers: headers, body: wrong.body)
                #expect(refused.code == wrong.code, "\(wrong.path) \(wrong.body) \(refused.text)")
                #expect(Set(refused.pointers) == wrong.pointers, "\(wrong.path) \(refused.text)")
            }
            let kept = try await premises.call("GET", "/v1/approvals", as: desk.owner.token)
            #expect(kept.json["data"]?.asArray?.isEmpty == true, "\(kept.text)")
            // The same without its mistakes is kept, by the very same way.
            let right = try await premises.insist(
                "PATCH", key, as: desk.owner.token, headers: Stock.waiting + Self.match,
                body: #"{"label":"moved"}"#)
            #expect(right.status == 202, "\(right.text)")
            #expect(premises.mistakes == [])
        }
    }

    private struct Wrong {
        let method: String
        let path: String
        var headers: [(name: String, value: String)] = []
        var body = ""
        let code: String
        var pointers: Set<String> = []
    }

    private static func wrong(_ key: String, _ desk: ApprovalDesk) -> [Wrong] {
        let stale = [(name: "if-match", value: "\"77\"")]
        let (bad, none) = ("validation_failed", "invalid_parameter")
        let grant = #"{"principal_id":"grp_01ke6my6g1echbvkvfdae6rthk","role":"nobody-has-it","on":{}}"#
        let named: Set = ["/principal_id", "/role"]
        return [
            Wrong(
                method: "PATCH", path: key, headers: match, body: #"{"label":"a","lable":"b"}"#, code: bad,
                pointers: ["/lable"]),
            Wrong(
                method: "PATCH", path: key + "?dry=1", headers: match, body: #"{"label":"a"}"#, code: none,
                pointers: ["query:dry"]),
            Wrong(
                method: "PATCH", path: key, headers: stale, body: #"{"label":"a"}"#,
                code: "precondition_failed"),
            Wrong(method: "PATCH", path: key, body: #"{"label":"a"}"#, code: "precondition_required"),
            Wrong(
                method: "POST", path: key + "/suspend", body: #"{"reason":"a","why":"b"}"#, code: bad,
                pointers: ["/why"]),
            Wrong(
                method: "POST", path: key + "/reveal", body: #"{"reason":"a","version":"1"}"#, code: bad,
                pointers: ["/version"]),
            Wrong(method: "POST", path: key + "/verify?now=1", code: none, pointers: ["query:now"]),
            Wrong(
                method: "POST", path: "/v1/groups", body: #"{"name":""}"#, code: bad, pointers: ["/name"]),
            Wrong(method: "POST", path: "/v1/grants", body: grant, code: bad, pointers: named),
            Wrong(
                method: "PUT", path: key + "/policy", headers: stale, body: #"{"operations":["read"]}"#,
                code: "precondition_failed"),
            Wrong(
                method: "POST", path: "/v1/roles",
                body: #"{"name":"trader","description":"a","permissions":["keys:read"]}"#,
                code: "already_exists", pointers: ["/name"]),
            Wrong(
                method: "POST", path: key + "/rotations/rot_01ke6my6g1echbvkvfdae6rthk/advance",
                body: #"{"pace":1}"#, code: bad, pointers: ["/pace"]),
            Wrong(
                method: "POST", path: "/v1/users/usr_01ke6my6g1echbvkvfdae6rthk/password-reset",
                code: "not_found"),
        ]
    }

    @Test func `mistakes of the body and of the reason are told together`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(
                ["createGroup"], more: #","reason":{"pattern":"^OPS-[0-9]+","min_length":8}"#, name: "one")
            try await desk.rule(["createGroup"], more: #","reason":{"pattern":"[a-z]$"}"#, name: "two")
            func ask(_ body: String, _ reason: String?) async throws -> TestAnswer {
                try await premises.call(
                    "POST", "/v1/groups", as: desk.owner.token,
                    headers: [(name: "prefer", value: "respond-async")]
                        + (reason.map { [(name: "keybell-reason", value: $0)] } ?? []), body: body)
            }
            let header = "header:Keybell-Reason"
            let both = try await ask(#"{"nam":"a"}"#, "OPS-1")
            #expect(both.status == 422, "\(both.text)")
            #expect(both.pointers.sorted() == ["/nam", "/name", header, header], "\(both.text)")
            let reason = try await ask(#"{"name":"a"}"#, "BECAUSE")
            #expect(reason.status == 400 && reason.pointers == [header, header, header], "\(reason.text)")
            let missing = try await ask(#"{"name":"a"}"#, nil)
            #expect(missing.status == 400 && missing.pointers == [header], "\(missing.text)")
            #expect(missing.json["errors"]?[0]?["code"] == "missing")
            #expect(try await ask(#"{"name":"a"}"#, "OPS-1 for two").status == 202)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `what was tried is not there, was told to nobody, and spends no Idempotency-Key`() async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["createGroup", "createUser", "suspendKey"])
            let key = try await desk.key()
            func status() async throws -> JSONValue? {
                try await premises.call("GET", "/v1/keys/\(key)", as: desk.owner.token).json["status"]
            }
            let before = (
                events: try await premises.count("events?limit=200", by: desk.owner),
                status: try await status()
            )
            let once = [(name: "idempotency-key", value: "once")]
            let calls = [
                ("/v1/groups", #"{"name":"tried"}"#), ("/v1/keys/\(key)/suspend", #"{"reason":"a"}"#),
                ("/v1/users", #"{"name":"Eve","email":"eve@desk.example","role":"trader"}"#),
            ]
            for (path, body) in calls {
                let parked = try await premises.call(
                    "POST", path, as: desk.owner.token, headers: Stock.waiting + once, body: body)
                #expect(parked.status == 202, "\(parked.text)")
                let again = try await premises.call(
                    "POST", path, as: desk.owner.token, headers: Stock.waiting + once, body: body)
                #expect(again.status == 202 || again.code == "already_done", "\(again.text)")
            }
            #expect(try await premises.count("approvals", by: desk.owner) == 3)
            #expect(try await premises.count("groups", by: desk.owner) == 0)
            #expect(try await premises.count("users?q=eve", by: desk.owner) == 0)
            #expect(try await status() == before.status && before.status != nil)
            // Of the three that were asked for, and nothing else.
            #expect(try await premises.count("events?limit=200", by: desk.owner) == before.events + 3)
            #expect(premises.mistakes == [])
        }
    }
}

extension Premises {
    fileprivate nonisolated(nonsending) func count(_ list: String, by person: Person) async throws -> Int {
        let page = try await call("GET", "/v1/\(list)", as: person.token)
        return try #require(page.json["data"]?.asArray, "\(page.text)").count
    }

    /// Whether a request comes as far as a change when it is only tried; true of what is never tried.
    nonisolated(nonsending) func isStopped(
        _ method: String, _ target: String, as token: String, headers: [(name: String, value: String)],
        body: String, type: String
    ) async throws -> Bool {
        var headers = headers + [(name: "authorization", value: "Bearer \(token)")]
        if !body.isEmpty { headers.append((name: "content-type", value: type)) }
        let request = try testRequest(
            method, target, headers: headers, body: Array(body.utf8), at: Self.remote)
        let router = host.pipeline.router
        guard
            case .found(let index, let parameters) = try router.match(
                request.head.method, path: request.head.pathBytes),
            let rehearsal = Rehearsal.of(router.operations[index].id)
        else { return true }
        request.pathParameters = parameters
        let operation = router.operations[index]
        let visit = Visit(address: IPAddress("203.0.113.7"), isLocal: false)
        var context = try await host.pipeline.gate.admit(request, to: operation, visit).context
        context.rehearsal = rehearsal
        do {
            _ = try await operation.handle(request, context)
            return false
        } catch is Rehearsed {
            return true
        }
    }
}
