import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Identity

/// What is kept is what came, and shows no secret.
struct ParkedRequestTests {
    private func park(_ body: String, query: String? = nil) throws -> ParkedRequest {
        let target = "/v1/keys/key_a/suspend" + (query.map { "?\($0)" } ?? "")
        let request = try testRequest(
            "POST", target,
            headers: [
                ("content-type", "application/json"), ("if-match", "\"1\""), ("authorization", "Bearer a"),
            ])
        return ParkedRequest(request, body: Array(body.utf8))
    }

    @Test func `it comes back byte for byte, without what told who asked`() throws {
        let parked = try park(#"{"a":"ö\u0000"}"#, query: "a=%20&b=")
        let again = try #require(ParkedRequest(parked.bytes))
        #expect(again == parked && again.digest == parked.digest)
        let request = try again.request(id: "req_a", peer: .ip(IPAddress(v4: 1), port: 0), receivedAt: 0)
        #expect(request.head.path == "/v1/keys/key_a/suspend" && request.head.query == "a=%20&b=")
        #expect(request.head.headers[.ifMatch] == "\"1\"" && request.head.headers[.authorization] == nil)
    }

    @Test func `any difference makes another digest`() throws {
        let digests = Set(
            [try park("{}"), try park("{ }"), try park("{}", query: ""), try park("{}", query: "a")].map {
                $0.digest
            })
        #expect(digests.count == 4)
    }

    @Test(arguments: [
        (#"{"credential":{"api_key":"SECRET","secret":"SECRET","kind":"hmac"},"label":"a"}"#, "label"),
        (#"{"nested":[{"passphrase":"SECRET"}],"label":"a"}"#, "label"),
        (#"{"Private_Key":"SECRET","label":"a","access_token":"SECRET"}"#, "label"),
        ("symbol=BTC&apiSecret=SECRET&amount=1", "amount=1"), ("token=SECRET&label=a", "label"),
        ("plain SECRET", "12 bytes"),
    ])
    func `secrets are told by their names, and hidden`(body: String, kept: String) throws {
        let shown = String(decoding: try park(body, query: "signature=SECRET&a=b").shown.bytes, as: UTF8.self)
        #expect(!shown.contains("SECRET") && shown.contains(kept), "\(shown)")
    }

    @Test(arguments: [
        (String?.none, ["is required"]), (" ", ["is required"]),
        ("OPS", ["must have at least 5 characters", "must match ^OPS-[0-9]+"]),
        ("because", ["must match ^OPS-[0-9]+"]), ("OPS-12", []), ("OPS-12 moved", []),
        (String(repeating: "x", count: 1_001), ["must have at most 1000 characters"]),
    ])
    func `a reason is as demanded`(reason: String?, mistakes: [String]) {
        #expect(ReasonDemand(pattern: "^OPS-[0-9]+", least: 5).mistakes(in: reason) == mistakes)
    }

    @Test func `what several rules ask of a reason is told at once, and each once`() {
        let demands = [
            ReasonDemand(pattern: "^OPS-", least: 5), ReasonDemand(pattern: "[0-9]$", least: 5),
            ReasonDemand(least: 1),
        ]
        let mistakes = ReasonDemand.mistakes(in: "why", of: demands)
        #expect(mistakes == ["must have at least 5 characters", "must match ^OPS-", "must match [0-9]$"])
        #expect(ReasonDemand.mistakes(in: "OPS-12", of: demands) == [])
    }
}
