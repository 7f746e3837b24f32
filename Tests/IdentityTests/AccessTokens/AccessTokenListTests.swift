import Access
import Crypto
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct AccessTokenListTests {
    private static let setUse = Statement(
        "test_use", "update access_token set last_used_at = $2 where name = $1")
    private static let useUp = Statement(
        "test_use_up", "update access_token set uses = max_uses where max_uses is not null")

    private nonisolated(nonsending) func names(
        _ house: House, _ query: String, _ reader: Context
    ) async throws -> Set<String> {
        let answer = try await house.caller.call("GET", "/v1/access-tokens?\(query)", reader)
        #expect(answer.status == 200, "\(answer.text)")
        let names = answer.json["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
        return Set(names).subtracting(["first access token"])
    }

    @Test func `lists tell what is unbound, unused, used up and idle`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let key = Base64.encode(try Ed25519.SigningKey().publicKey.bytes)
            for body in [
                #"{"name":"free"}"#, #"{"name":"placed","cidrs":["10.0.0.0/8"]}"#,
                #"{"name":"keyed","public_key":"\#(key)"}"#, #"{"name":"counted","max_uses":2}"#,
                #"{"name":"idle","idle_expires_after":"5m"}"#,
            ] {
                let made = try await house.caller.call("POST", "/v1/access-tokens", owner, body: body)
                #expect(made.status == 201, "\(made.text)")
                #expect(
                    made.json["unbound"]?.asBool == !["placed", "keyed"].contains(made.json["name"]?.asString)
                )
            }
            #expect(try await names(house, "unbound=true", owner) == ["free", "counted", "idle"])
            #expect(try await names(house, "unbound=false", owner) == ["placed", "keyed"])
            let old = Timestamp.testStart - .days(30)
            _ = try await database.query(Self.setUse, .text("placed"), .timestamp(old))
            _ = try await database.query(Self.setUse, .text("idle"), .timestamp(.testStart - .minutes(7)))
            _ = try await database.query(Self.useUp)
            #expect(
                try await names(house, "unused_since=\(Timestamp.testStart - .days(1))", owner) == ["placed"])
            #expect(try await names(house, "status=expired", owner) == ["idle"])
            #expect(try await names(house, "status=used_up", owner) == ["counted"])
            #expect(try await names(house, "status=active", owner) == ["free", "placed", "keyed"])
            let wrong = try await house.caller.call("GET", "/v1/access-tokens?unbound=yes", owner)
            #expect(wrong.status == 400)
        }
    }

    @Test func `a key is read in every form that it is written in, and a private one is refused`() throws {
        let signing = try Ed25519.SigningKey(seed: Secret(copying: [UInt8](0..<32)))
        let key = signing.publicKey
        let url = Base64.encode(key.bytes, alphabet: .url)
        let forms: [JSONValue] = [
            .string(key.pem), .string(String(key.pem.dropLast())), .string(Base64.encode(key.bytes)),
            .string(url), ["kty": "OKP", "crv": "Ed25519", "x": .string(url), "kid": "mine"],
        ]
        for form in forms { #expect(try BoundKey.read(form) == key) }
        let secret = try PrivateKey.generate(.ed25519).pkcs8PEM().withBytes {
            String(decoding: $0, as: UTF8.self)
        }
        let wrong: [JSONValue] = [
            .string(""), "kbt_x", 1, .null, [], [:], .string(Base64.encode([UInt8](repeating: 0, count: 32))),
            // Of order 8.
            .string("x2eqoF92GSBPoZxrBrXoUTt1H4dXC0O6FSp/hdVe/HI="),
            .string(Base64.encode([UInt8](repeating: 255, count: 32))), .string(Base64.encode([1, 2, 3])),
            ["kty": "OKP", "crv": "X25519", "x": .string(url)], ["kty": "OKP", "crv": "Ed25519"],
            ["kty": "OKP", "crv": "Ed25519", "x": .string(url), "d": .string(url)],
            .string(secret),
        ]
        for form in wrong {
            #expect(throws: BoundKey.Mistake.self, "\(form)") { try BoundKey.read(form) }
        }
    }
}
