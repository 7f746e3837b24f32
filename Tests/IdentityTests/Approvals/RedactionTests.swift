import JSON
import Testing

@testable import Identity

/// Approvers see what they approve, and none of the secrets in it.
struct RedactionTests {
    @Test func `a webhook's headers, client certificate and channel are shown without what is secret`() {
        let body: JSONValue = [
            "name": "desk", "headers": ["X-Auth": "canary-1", "Cookie": "canary-2"],
            "client_certificate": ["certificate": "canary-3", "key": "canary-4"],
            "channel": ["routing_key": "canary-5", "chat_id": "-100"], "url": "https://canary-6.example",
        ]
        let shown = Redaction.body(body.bytes)
        #expect(!String(decoding: shown.bytes, as: UTF8.self).contains("canary"))
        #expect(shown["name"] == "desk" && shown["channel"]?["chat_id"] == "-100")
        #expect(shown["headers"]?["X-Auth"] == .string(Redaction.mark))
    }

    @Test func `a credential of any shape and a form's signature are hidden, ids are not`() {
        let body: JSONValue = ["credential": ["parts": ["canary"]], "key_id": "key_1", "reason": "moving"]
        #expect(
            Redaction.body(body.bytes) == [
                "credential": ["parts": [.string(Redaction.mark)]], "key_id": "key_1", "reason": "moving",
            ])
        #expect(Redaction.form("symbol=BTC&signature=canary") == "symbol=BTC&signature=\(Redaction.mark)")
    }
}
