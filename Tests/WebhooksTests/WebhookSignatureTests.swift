import Access
import Crypto
import Kernel
import Testing

@testable import Webhooks

/// The vectors of the Standard Webhooks libraries.
struct WebhookSignatureTests {
    private let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private let time = Timestamp(seconds: 1_614_265_330)
    private let body = Array(#"{"test": 2432232314}"#.utf8)
    private let v1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    private let v1a =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

    private func secret() throws -> HMACKey {
        try HMACKey(#require(WebhookSecret.bytes(of: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")))
    }

    private func signingKey() throws -> Ed25519.SigningKey {
        let text = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
        return try Ed25519.SigningKey(seedAndPublicKey: Secret(copying: #require(Base64.decode(text))))
    }

    @Test func `v1 gives the published vector`() throws {
        #expect(WebhookSignature.v1(try secret(), id: id, at: time, body: body) == v1)
    }

    @Test func `v1a gives the published vector`() throws {
        #expect(WebhookSignature.v1a(try signingKey(), id: id, at: time, body: body) == v1a)
    }

    @Test func `several live secrets are separated by exactly one space, with none at the end`() throws {
        let other = try HMACKey(Array(repeating: UInt8(7), count: 24))
        let header = try WebhookSignature.header(
            secrets: [secret(), other], signingKey: signingKey(), id: id, at: time, body: body)
        #expect(header.hasPrefix(v1 + " v1,"))
        #expect(header.hasSuffix(" " + v1a))
        #expect(header.split(separator: " ", omittingEmptySubsequences: false).count == 3)
    }

    @Test func `a timestamp is whole seconds`() throws {
        let later = time + .milliseconds(999)
        #expect(WebhookSignature.v1(try secret(), id: id, at: later, body: body) == v1)
    }

    @Test func `secrets have a prefix, standard base64 and 24 to 64 bytes`() {
        for count in [24, 32, 64] {
            let bytes = [UInt8](repeating: 0xFB, count: count)
            #expect(WebhookSecret.bytes(of: WebhookSecret.text(bytes)) == bytes)
        }
        for text in [
            "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            WebhookSecret.text([UInt8](repeating: 1, count: 23)),
            WebhookSecret.text([UInt8](repeating: 1, count: 65)), "whsec_-_-_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
        ] {
            #expect(WebhookSecret.bytes(of: text) == nil, "\(text)")
        }
    }
}
