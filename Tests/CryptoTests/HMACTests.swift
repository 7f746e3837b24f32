import Crypto
import Testing

/// RFC 4231, sections 4.2 to 4.8 (4.6 truncates and is left out).
private struct Vector {
    let key: [UInt8]
    let message: [UInt8]
    let sha256: String
    let sha512: String

    static let all: [Vector] = [
        Vector(
            key: .init(repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
            sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            sha512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"),
        Vector(
            key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
            sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            sha512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"),
        Vector(
            key: .init(repeating: 0xaa, count: 20), message: .init(repeating: 0xdd, count: 50),
            sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            sha512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
                + "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"),
        Vector(
            key: .init(repeating: 0xaa, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            sha512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"),
    ]
}

@Suite struct HMACTests {
    @Test func `one-shot codes are those of RFC 4231`() {
        for vector in Vector.all {
            #expect(Hex.encode(HMAC.sha256(key: vector.key, vector.message)) == vector.sha256)
            #expect(Hex.encode(HMAC.sha512(key: vector.key, vector.message)) == vector.sha512)
        }
    }

    @Test func `a prepared key gives the same codes, again and again and in parts`() throws {
        for vector in Vector.all {
            let short = try HMACKey(vector.key, .sha256)
            let long = try HMACKey(vector.key, .sha512)
            for cut in 0...vector.message.count {
                let (head, tail) = (Array(vector.message[..<cut]), Array(vector.message[cut...]))
                #expect(Hex.encode(short.code(for: head, tail)) == vector.sha256)
                #expect(Hex.encode(long.code(for: head, [], tail)) == vector.sha512)
            }
        }
    }

    @Test func `a code is valid for its message only`() throws {
        let key = try HMACKey(Secret(copying: Array("key".utf8)))
        let code = key.code(for: "message")
        #expect(key.isValid(code, for: Array("mess".utf8), Array("age".utf8)))
        #expect(!key.isValid(code, for: Array("messagf".utf8)))
        #expect(!key.isValid(Array(code.dropLast()), for: Array("message".utf8)))
        for index in code.indices {
            var altered = code
            altered[index] ^= 1
            #expect(!key.isValid(altered, for: Array("message".utf8)))
        }
    }

    @Test func `a Standard Webhooks v1 signature is the documented one`() throws {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let key = try HMACKey(#require(Base64.decode(String(secret.dropFirst(6)))))
        let signed = #"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#
        #expect(Base64.encode(key.code(for: signed)) == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }
}
