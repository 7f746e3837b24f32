import JSON
import Testing

@testable import Identity

/// Approvers see what they approve, and none of the secrets in it.
struct RedactionTests {
    @Test func `a webhook's headers, client certificate and channel are shown without what is secret`() {
        let body: JSONValue = [
            "name": "desk", "headers": ["X-Auth": "canary-1", "Cookie": "canary-2"],
            "client_certificate": ["certificate": "canary-3", "key": "canary-4"],
            "channel": ["routing_key": "canary-5", "chat_id": "-100"],
            "url": "https://desk.example/canary-6?canary-7",
        ]
        let shown = Redaction.body(body.bytes)
        #expect(!String(decoding: shown.bytes, as: UTF8.self).contains("canary"))
        #expect(shown["name"] == "desk" && shown["channel"]?["chat_id"] == "-100")
        #expect(shown["headers"]?["X-Auth"] == .string(Redaction.mark))
        #expect(shown["url"] == .string("https://desk.example/\(Redaction.mark)"))
    }

    @Test(arguments: [
        "https://canary@desk.example/a", "https://desk.example:9a;canary/", "canary://", "canary",
        "a b://canary",
    ])
    func `of what is no plain address nothing is shown`(text: String) {
        let body: JSONValue = ["url": .string(text)]
        #expect(Redaction.body(body.bytes) == ["url": .string(Redaction.mark)])
    }

    /// Each exchange's own names, from its documentation.
    @Test(arguments: [
        "coin=XBT&address=goal&network=BTC&amount=1&addressTag=7", "asset=XBT&key=goal&amount=1",
        #"{"ccy":"XBT","amt":"1","dest":"4","toAddr":"goal","chain":"XBT-Bitcoin"}"#,
        #"{"coin":"XBT","chain":"BTC","address":"goal","tag":"7","amount":"1"}"#,
        #"{"currency":"XBT","toAddress":"goal","amount":"1","withdrawType":"ADDRESS","memo":"7"}"#,
        #"{"type":"send","to":"goal","amount":"1","currency":"XBT","destination_tag":"7"}"#,
        #"{"coin":"XBT","transferType":"on_chain","address":"goal","chain":"btc","size":"1","tag":"7"}"#,
    ])
    func `where a withdrawal goes is shown at every exchange, and nothing of it is hidden`(body: String) {
        let shown = Redaction.body(Array(body.utf8), .exchange)
        let text = String(decoding: shown.bytes, as: UTF8.self)
        #expect(text.contains("goal") && !text.contains(Redaction.mark), "\(text)")
    }

    @Test func `a credential of any shape and a form's signature are hidden, ids are not`() {
        let body: JSONValue = ["credential": ["parts": ["canary"]], "key_id": "key_1", "reason": "moving"]
        #expect(
            Redaction.body(body.bytes) == [
                "credential": ["parts": [.string(Redaction.mark)]], "key_id": "key_1", "reason": "moving",
            ])
        #expect(Redaction.form("symbol=BTC&signature=canary") == "symbol=BTC&signature=\(Redaction.mark)")
        for written in ["s%65cret", "pass%77ord", "SECRE%54", "a%zz"] {
            #expect(Redaction.form("\(written)=canary&a=1") == "\(written)=\(Redaction.mark)&a=1")
        }
    }
}
