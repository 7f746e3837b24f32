import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Sealing

@Suite struct ShareRotationTests {
    private static let path = "/v1/system/shares"
    private static let proof = "/v1/system/shares/proof"

    private func make(_ desk: SealDesk, _ threshold: Int = 2, _ count: Int = 3) async throws -> [String] {
        let answer = try await desk.call(
            "POST", Self.path, #"{"threshold":\#(threshold),"shares":\#(count)}"#)
        #expect(answer.status == 201, "\(answer.text)")
        return answer.json["shares"]?.asArray?.compactMap { $0["share"]?.asString } ?? []
    }

    private func prove(_ desk: SealDesk, _ share: String) async throws -> TestAnswer {
        try await desk.call("POST", Self.proof, #"{"share":"\#(share)"}"#)
    }

    private func unseal(_ desk: SealDesk, _ shares: [String]) async throws -> TestAnswer {
        let list = shares.map { "\"\($0)\"" }.joined(separator: ",")
        return try await desk.call("POST", "/v1/system/unseal", #"{"shares":[\#(list)]}"#)
    }

    @Test func `the old key holds until the new quorum has shown its shares, and not a moment longer`()
        async throws
    {
        try await SealDesk.run { desk, root in
            let shares = try await make(desk)
            #expect(shares.count == 3)
            #expect(try await prove(desk, shares[2]).json["proven"] == [3])
            #expect(try await RootKeyFingerprint.read(desk.database) == root.fingerprint())
            let done = try await prove(desk, shares[0])
            #expect(done.json["active"]?["state"] == "active")
            #expect(done.json["proving"] == .null)
            #expect(try await RootKeyFingerprint.read(desk.database) != root.fingerprint())
            #expect(try await desk.events() == ["root_key.rotated"])
            let wrapped = try await KeyEncryptionKeys.read(desk.database)
            #expect(throws: SealingError.wrongRootKey(generation: 1)) {
                try Keyring(opening: wrapped, under: root)
            }
            let fresh = try await desk.another(root: nil)
            #expect(try await unseal(fresh, Array(shares[1...])).json["sealed"] == false)
            #expect(fresh.isOpen)
        }
    }

    @Test func `each share is told right or wrong by itself, and shown twice it counts once`() async throws {
        try await SealDesk.run { desk, root in
            let shares = try await make(desk)
            #expect(try await prove(desk, shares[0]).json["proven"] == [1])
            #expect(try await prove(desk, shares[0]).pointers == ["/share"])
            let other = try #require(Quorum(threshold: 2, count: 3))
            let foreign = try root.split(other).shares[1].text
            #expect(try await prove(desk, foreign).pointers == ["/share"])
            #expect(try await prove(desk, "kbshare1_x").pointers == ["/share"])
            #expect(try await RootKeyFingerprint.read(desk.database) == root.fingerprint())
        }
    }

    @Test func `the shares of before open nothing any more, each told so`() async throws {
        try await SealDesk.run { desk, _ in
            let old = try await make(desk)
            for share in old.prefix(2) { _ = try await prove(desk, share) }
            let new = try await make(desk, 3, 5)
            for share in new.prefix(3) { _ = try await prove(desk, share) }
            let fresh = try await desk.another(root: nil)
            let refused = try await unseal(fresh, old)
            #expect(refused.status == 422)
            #expect(refused.text.contains("of the past"))
            #expect(try await fresh.call("GET", "/v1/system/seal").json["threshold"] == 3)
            #expect(try await unseal(fresh, Array(new.suffix(3))).json["sealed"] == false)
        }
    }

    @Test func `a share of the set in force that was forged is told at once`() async throws {
        try await SealDesk.run { desk, _ in
            let shares = try await make(desk)
            for share in shares.prefix(2) { _ = try await prove(desk, share) }
            let fresh = try await desk.another(root: nil)
            let mistake = String(shares[0].dropLast(5)) + "AAAAA"
            #expect(try await unseal(fresh, [mistake]).status == 422)
            #expect(try await unseal(fresh, [shares[0]]).json["received"] == 1)
        }
    }

    @Test func `a ceremony that dies with its node loses nothing else`() async throws {
        try await SealDesk.run { desk, root in
            let lost = try await make(desk)
            let next = try await desk.another(root: root)
            #expect(try await prove(next, lost[0]).code == "conflict")
            #expect(try await next.call("GET", Self.path).json["proof_here"] == false)
            let shares = try await make(next)
            #expect(try await prove(next, lost[0]).pointers == ["/share"])
            for share in shares.suffix(2) { _ = try await prove(next, share) }
            #expect(try await next.call("GET", Self.path).json["active"] != .null)
            // The first node's key was replaced meanwhile: its proof comes to nothing.
            #expect(try await prove(desk, lost[0]).status == 200)
            #expect(try await prove(desk, lost[1]).code == "conflict")
            #expect(try await desk.another(root: nil).call("GET", "/v1/system/seal").json["threshold"] == 2)
        }
    }

    @Test func `what is not proven within the hour is forgotten`() async throws {
        try await SealDesk.run { desk, root in
            let shares = try await make(desk)
            _ = try await prove(desk, shares[0])
            desk.time.move(.hours(1))
            #expect(try await prove(desk, shares[1]).code == "conflict")
            #expect(try await RootKeyFingerprint.read(desk.database) == root.fingerprint())
        }
    }

    @Test(arguments: [
        #"{"threshold":1,"shares":3}"#, #"{"threshold":4,"shares":3}"#, #"{"threshold":2,"shares":17}"#, "{}",
    ])
    func `a quorum that is none is refused`(_ body: String) async throws {
        try await SealDesk.run { desk, _ in
            let answer = try await desk.call("POST", Self.path, body)
            #expect(answer.status == 422)
        }
    }

    /// T21 for the texts of this room.
    @Test(arguments: [
        "'; delete from authority; --", "\u{202E}right to left", "nul", "${jndi:ldap://x}", "o'neill\"\\",
    ])
    func `hostile reasons and shares change nothing but what they say`(_ text: String) async throws {
        try await SealDesk.run { desk, root in
            let quoted = String(decoding: JSONValue.string(text).bytes, as: UTF8.self)
            #expect(try await desk.call("POST", Self.proof, #"{"share":\#(quoted)}"#).code == "conflict")
            #expect(try await desk.call("POST", "/v1/system/seal", #"{"reason":\#(quoted)}"#).status == 200)
            let refused = try await desk.call("POST", "/v1/system/unseal", #"{"share":\#(quoted)}"#)
            #expect(refused.status == 422)
            _ = try await desk.call("POST", "/v1/system/unseal", #"{"root_key":"\#(root.text)"}"#)
            #expect(desk.isOpen)
        }
    }
}
