import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Sealing

@Suite struct UnsealTests {
    private static let path = "/v1/system/unseal"
    private let quorum = Quorum(threshold: 2, count: 3)

    private func split(_ root: RootKey) throws -> [String] {
        try root.split(#require(quorum)).shares.map { try $0.text }
    }

    @Test func `enough shares, one by one, unseal a node, and are recorded`() async throws {
        try await SealDesk.run { first, root in
            let desk = try await first.another(root: nil)
            let shares = try split(root)
            #expect(try await desk.call("GET", "/v1/system/seal").json["sealed"] == true)
            let one = try await desk.call("POST", Self.path, #"{"share":"\#(shares[2])"}"#)
            #expect(one.status == 200)
            #expect(one.json["sealed"] == true)
            #expect(one.json["received"] == 1)
            #expect(one.json["threshold"] == 2)
            #expect(one.json["share_indices"] == [3])
            #expect(one.json["ceremony_id"]?.asString?.hasPrefix("cer_") == true)
            let two = try await desk.call("POST", Self.path, #"{"share":"\#(shares[0])"}"#)
            #expect(two.json["sealed"] == false)
            #expect(two.json["received"] == 0)
            #expect(desk.isOpen)
            #expect(try await desk.events() == ["system.unsealed"])
            #expect(try await desk.actions() == ["system.unseal"])
            #expect(try await desk.call("POST", Self.path, #"{"share":"\#(shares[1])"}"#).code == "conflict")
        }
    }

    @Test func `all shares at once, or the root key itself, do too`() async throws {
        try await SealDesk.run { first, root in
            let shares = try split(root)
            let one = try await first.another(root: nil)
            let list = shares.map { "\"\($0)\"" }.joined(separator: ",")
            let answer = try await one.call("POST", Self.path, #"{"shares":[\#(list)]}"#)
            #expect(answer.json["sealed"] == false)
            #expect(one.isOpen)
            let two = try await first.another(root: nil)
            #expect(try await two.call("POST", Self.path, #"{"root_key":"\#(root.text)"}"#).status == 200)
            #expect(two.isOpen)
        }
    }

    @Test func `each share is told right or wrong by itself`() async throws {
        try await SealDesk.run { first, root in
            let desk = try await first.another(root: nil)
            let shares = try split(root)
            // A character of the checksum's is another: mistyped.
            let mistyped = String(shares[0].dropLast()) + (shares[0].last == "A" ? "E" : "A")
            let wrong = try await desk.call("POST", Self.path, #"{"share":"\#(mistyped)"}"#)
            #expect(wrong.status == 422)
            #expect(wrong.pointers == ["/share"])
            let mixed = try await desk.call(
                "POST", Self.path, #"{"shares":["\#(mistyped)","\#(shares[1])"]}"#)
            #expect(mixed.status == 200)
            let verdicts = mixed.json["shares"]?.asArray?.compactMap { $0["verdict"]?.asString }
            #expect(verdicts == ["refused", "accepted"])
            let again = try await desk.call("POST", Self.path, #"{"share":"\#(shares[1])"}"#)
            #expect(again.json["shares"]?.asArray?.first?["verdict"] == "repeated")
            #expect(again.json["received"] == 1)
        }
    }

    @Test func `shares of another key never give this one, however many`() async throws {
        try await SealDesk.run { first, _ in
            let desk = try await first.another(root: nil)
            let others = try split(RootKey())
            #expect(try await desk.call("POST", Self.path, #"{"share":"\#(others[0])"}"#).status == 200)
            #expect(try await desk.call("POST", Self.path, #"{"share":"\#(others[1])"}"#).status == 422)
            let key = try RootKey().text
            let answer = try await desk.call("POST", Self.path, #"{"root_key":"\#(key)"}"#)
            #expect(answer.pointers == ["/root_key"])
            #expect(!desk.isOpen)
            #expect(try await desk.events() == [])
        }
    }

    @Test func `shares of a foreign set do not shut out the right ones`() async throws {
        try await SealDesk.run { first, root in
            let desk = try await first.another(root: nil)
            for _ in 0..<6 {
                _ = try await desk.call("POST", Self.path, #"{"share":"\#(try split(RootKey())[0])"}"#)
            }
            let shares = try split(root)
            for share in shares.prefix(2) {
                _ = try await desk.call("POST", Self.path, #"{"share":"\#(share)"}"#)
            }
            #expect(desk.isOpen)
        }
    }

    @Test func `what was brought is forgotten after ten minutes, and when asked to`() async throws {
        try await SealDesk.run { first, root in
            let desk = try await first.another(root: nil)
            let shares = try split(root)
            _ = try await desk.call("POST", Self.path, #"{"share":"\#(shares[0])"}"#)
            desk.time.move(.minutes(9))
            #expect(try await desk.call("GET", "/v1/system/seal").json["received"] == 1)
            desk.time.move(.minutes(1))
            #expect(try await desk.call("GET", "/v1/system/seal").json["received"] == 0)
            _ = try await desk.call("POST", Self.path, #"{"share":"\#(shares[1])"}"#)
            #expect(!desk.isOpen)
            #expect(try await desk.call("DELETE", Self.path).status == 204)
            #expect(try await desk.call("GET", "/v1/system/seal").json["ceremony_id"] == .null)
            _ = try await desk.call("POST", Self.path, #"{"share":"\#(shares[2])"}"#)
            #expect(!desk.isOpen)
        }
    }

    @Test func `nothing is taken from a proxy, and nonsense is not listened to for long`() async throws {
        try await SealDesk.run { first, root in
            let desk = try await first.another(root: nil)
            let share = try split(root)[0]
            for header in ["x-forwarded-for", "forwarded"] {
                let answer = try await desk.call(
                    "POST", Self.path, #"{"share":"\#(share)"}"#, headers: [(name: header, value: "10.0.0.1")]
                )
                #expect(answer.code == "insecure_transport")
            }
            #expect(try await desk.call("GET", "/v1/system/seal").json["received"] == 0)
            var codes: Set<String?> = []
            for _ in 0..<40 { codes.insert(try await desk.call("POST", Self.path, #"{"share":"x"}"#).code) }
            #expect(codes == ["validation_failed", "rate_limited"])
            desk.time.move(.seconds(1))
            #expect(try await desk.call("POST", Self.path, #"{"share":"\#(share)"}"#).status == 200)
        }
    }

    @Test(arguments: ["{}", #"{"share":"a","root_key":"b"}"#, #"{"shares":[]}"#, #"{"token":"a"}"#])
    func `the body has exactly one of the three`(_ body: String) async throws {
        try await SealDesk.run { first, _ in
            let desk = try await first.another(root: nil)
            #expect(try await desk.call("POST", Self.path, body).status == 422)
        }
    }
}
