import Crypto
import JSON
import Testing

@testable import Identity

struct KeySetTests {
    private func count(_ jwk: JSONValue) -> Int? { KeySet(["keys": [jwk]])?.entries.count }

    private func jwk(_ algorithm: TokenAlgorithm) throws -> JSONValue {
        .object(try SigningPair("one", algorithm).jwk)
    }

    @Test(arguments: TokenAlgorithm.allCases)
    func `a key is taken with and without what it says of its use`(algorithm: TokenAlgorithm) throws {
        let jwk = try jwk(algorithm)
        #expect(count(jwk) == 1)
        #expect(count(jwk.with("use", nil).with("alg", nil).with("kid", nil)) == 1)
        #expect(count(jwk.with("key_ops", ["verify"])) == 1)
    }

    @Test(arguments: TokenAlgorithm.allCases)
    func `a key for something else is passed over`(algorithm: TokenAlgorithm) throws {
        let jwk = try jwk(algorithm)
        let others: [(String, JSONValue)] = [
            ("use", "enc"), ("key_ops", ["sign"]), ("alg", "RS512"), ("kty", "oct"), ("kid", 7),
        ]
        for (name, value) in others { #expect(count(jwk.with(name, value)) == 0, "\(name)") }
    }

    @Test func `keys that are too weak or no keys are passed over`() throws {
        let rsa = try jwk(.rs256)
        let small = Base64.encode([UInt8](repeating: 0xC1, count: 128), alphabet: .url)
        #expect(count(rsa.with("n", .string(small))) == 0)
        for exponent in ["AQ", "AA", "Ag", "AQABAQAB", "", "!"] {
            #expect(count(rsa.with("e", .string(exponent))) == 0, "\(exponent)")
        }
        let curve = try jwk(.es256)
        #expect(count(curve.with("crv", "P-384")) == 0)
        #expect(count(curve.with("y", curve["x"])) == 0)
        #expect(count(curve.with("x", "AA")) == 0)
        #expect(try count(jwk(.edDSA).with("x", "AA")) == 0)
    }

    @Test func `what holds no list of keys is no key set`() {
        for document: JSONValue in [.null, [], [:], ["keys": "one"], ["keys": .null]] {
            #expect(KeySet(document) == nil)
        }
        #expect(KeySet(["keys": [.null, 1, "x", [:]]])?.entries.isEmpty == true)
    }

    @Test func `a key set of thousands is cut`() throws {
        let jwk = try jwk(.edDSA)
        let many = JSONValue.array([JSONValue](repeating: jwk, count: 2_000))
        #expect(KeySet(["keys": many])?.entries.count == 64)
    }
}
