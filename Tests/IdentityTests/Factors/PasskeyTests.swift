import Access
import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Identity

@Suite struct PasskeyTests {
    @Test func `a passkey is made once, by the options that were asked for`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let passkey = try SoftAuthenticator(origin: FactorDesk.origin, credential: [1, 2, 3])
            let options = try await desk.call("GET", "/v1/me/factors/passkeys/options").json["public_key"]
            #expect(options?["rp"]?["id"] == "keybell.desk.example")
            #expect(options?["authenticatorSelection"]?["userVerification"] == "required")
            #expect(options?["excludeCredentials"]?.asArray?.isEmpty == true)
            let body: JSONValue = ["name": "Ada's key", "credential": passkey.register(options)]
            let made = try await desk.call("POST", "/v1/me/factors/passkeys", body)
            #expect(made.status == 201 && made.json["kind"] == "passkey", "\(made.text)")
            #expect(made.json["recovery_codes"]?.asArray?.count == 10)
            // The challenge is spent.
            #expect(try await desk.call("POST", "/v1/me/factors/passkeys", body).code == "factor_refused")
            // The credential is known.
            #expect(try await desk.addPasskey(passkey).code == "already_exists")
            let again = try await desk.call("GET", "/v1/me/factors/passkeys/options")
            let known = again.json["public_key"]?["excludeCredentials"]?[0]?["id"]
            #expect(known?.asString == Base64.encode([1, 2, 3], alphabet: .url))
        }
    }

    @Test func `a challenge counts once, for five minutes, for its user and its purpose`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let passkey = try SoftAuthenticator(origin: FactorDesk.origin, credential: [1, 2, 3])
            _ = try await desk.addPasskey(passkey)
            let options = try desk.options(at: desk.owner.now)
            let answer = try #require(PasskeyAnswer(passkey.sign(options)))
            #expect(try await desk.check(.passkey(answer), as: desk.at(.minutes(5))) == .wrong)
            #expect(try await desk.check(.passkey(answer)) == .proven(.init(kind: .passkey)))
            #expect(try await desk.check(.passkey(answer)) == .wrong)
            let registering = try await desk.call("GET", "/v1/me/factors/passkeys/options").json["public_key"]
            let other = try #require(PasskeyAnswer(passkey.sign(registering)))
            #expect(try await desk.check(.passkey(other)) == .wrong)
            let own = try #require(PasskeyAnswer(passkey.sign(["challenge": "AAAA"])))
            #expect(try await desk.check(.passkey(own)) == .wrong)
        }
    }

    @Test func `a counter that goes back is refused, and told`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let passkey = try SoftAuthenticator(origin: FactorDesk.origin, credential: [1, 2, 3], count: 40)
            _ = try await desk.addPasskey(passkey)
            passkey.count = 20
            let answer = try #require(PasskeyAnswer(passkey.sign(desk.options(at: desk.owner.now))))
            #expect(try await desk.check(.passkey(answer)) == .wrong)
            let told = try await desk.house.events().filter { $0.type == "factor.copied" }
            #expect(told.first?.data["known_count"]?.asInt == 40)
            #expect(told.first?.data["shown_count"]?.asInt == 21)
        }
    }

    @Test func `without verification, or for another user, it does not count`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let passkey = try SoftAuthenticator(origin: FactorDesk.origin, credential: [1, 2, 3])
            _ = try await desk.addPasskey(passkey)
            let options = try desk.options(at: desk.owner.now)
            let unverified = try #require(PasskeyAnswer(passkey.sign(options, flags: 0x01)))
            #expect(try await desk.check(.passkey(unverified)) == .wrong)
            let foreign = try #require(PasskeyAnswer(passkey.sign(options, user: [1, 2])))
            #expect(try await desk.check(.passkey(foreign)) == .wrong)
            let own = try #require(PasskeyAnswer(passkey.sign(options, user: desk.user.uuid.bytes)))
            #expect(try await desk.check(.passkey(own)) == .proven(.init(kind: .passkey)))
        }
    }

    @Test func `without an origin that passkeys can be bound to there are none`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let answer = try await house.caller.call("GET", "/v1/me/factors/passkeys/options", owner)
            #expect(answer.status == 409 && answer.code == "passkeys_unavailable")
        }
    }
}
