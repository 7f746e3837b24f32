import Access
import HTTPClient
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// How an endpoint's terms are set, shown and kept secret.
struct WebhookTermsEndpointTests {
    private static let base = #""name":"ops","url":"https://hooks.example/x""#

    @Test func `terms are set, changed one by one, and taken back with null`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let made = try await desk.call(
                "POST", "webhooks",
                """
                {\(Self.base),"ordered":true,"max_per_second":5,"payload":"thin",
                 "matchers":[{"name":"team","operator":"=~","value":"desk|ops"}],
                 "template":{"text":"{{data.url}}"},"headers":{"X-Team":"a value that is secret"},
                 "authority":"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"}
                """)
            #expect(made.status == 201, "\(made.text)")
            #expect(!made.text.contains("a value that is secret"))
            #expect(made.json["header_names"] == ["X-Team"])
            #expect(made.json["authority"]?.asString?.hasPrefix("-----BEGIN CERTIFICATE-----\nMIIB") == true)
            #expect(made.json["circuit"] == ["state": "closed", "opens_at": .null])
            let id = made.json["id"]?.asString ?? ""
            let changed = try await desk.change(id, #"{"max_per_second":null,"template":null}"#, made)
            #expect(changed.json["ordered"] == true && changed.json["max_per_second"] == .null)
            #expect(changed.json["template"] == .null && changed.json["payload"] == "thin")
            #expect(changed.json["header_names"] == ["X-Team"])
            let batched = try await desk.change(id, #"{"batch":true}"#, changed)
            #expect(batched.status == 422 && batched.text.contains("not_with_ordered"))
            let nulls = #""ordered":null,"headers":null,"matchers":null,"payload":null,"authority":null"#
            let rest = try await desk.change(id, "{\(nulls),\"batch\":true}", changed)
            #expect(changed.json["authority"] == made.json["authority"])
            #expect(rest.json["authority"] == .null)
            #expect(rest.json["batch"] == true && rest.json["ordered"] == false)
            #expect(rest.json["header_names"] == [] && rest.json["matchers"] == [])
            let sealed = Statement("test_private", "select count(*) from webhook_private")
            #expect(try await database.query(sealed).first?.int(0) == 0)
        }
    }

    @Test(arguments: [
        (#""ordered":true,"batch":true"#, "/batch"), (#""max_per_second":0"#, "/max_per_second"),
        (#""max_per_second":1001"#, "/max_per_second"), (#""payload":"fat""#, "/payload"),
        (#""matchers":[{"name":"a","operator":"=~","value":"("}]"#, "/matchers/0/value"),
        (#""template":{"a":"{{data.sumary}}"}"#, "/template"),
        (#""payload":"thin","template":{"a":"{{data.summary}}"}"#, "/template"),
        (#""template":"{{""#, "/template"),
        (#""headers":{"Host":"a"}"#, "/headers"), (#""headers":{"X-A":"a\nb"}"#, "/headers"),
        (#""headers":{"x-a":"1","X-A":"2"}"#, "/headers"), (#""headers":["a"]"#, "/headers"),
        (#""client_certificate":{"certificate":"x","key":"y"}"#, "/client_certificate/certificate"),
        (#""authority":"the desk's""#, "/authority"), (#""kind":"slack","authority":"x""#, "/authority"),
    ])
    func `what cannot be is refused where it stands`(field: String, pointer: String) async throws {
        try await WebhookDesk.shared { desk in
            let answer = try await desk.call("POST", "webhooks", "{\(Self.base),\(field)}")
            #expect(answer.status == 422)
            let pointers = answer.json["errors"]?.asArray?.compactMap { $0["pointer"]?.asString } ?? []
            #expect(pointers.contains(pointer), "\(answer.text)")
        }
    }

    @Test func `a template is tried on what the endpoint takes, however that came to be`() async throws {
        try await WebhookDesk.shared { desk in
            let made = try await desk.call(
                "POST", "webhooks",
                #"{"name":"templates tried","url":"https://a.example/t","event_types":["key.revoked"]}"#)
            #expect(made.status == 201, "\(made.text)")
            let id = made.json["id"]?.asString ?? ""
            let wrong = try await desk.change(id, #"{"template":{"k":"{{data.interval}}"}}"#, made)
            #expect(wrong.pointers == ["/template"], "\(wrong.text)")
            let right = try await desk.change(id, #"{"template":{"k":"{{data.key_id}}"}}"#, made)
            #expect(right.status == 200, "\(right.text)")
            let thin = try await desk.change(id, #"{"payload":"thin"}"#, right)
            #expect(thin.pointers == ["/payload"], "\(thin.text)")
            let other = try await desk.change(id, #"{"event_types":["grade.changed"]}"#, right)
            #expect(other.pointers == ["/event_types"], "\(other.text)")
            let both = try await desk.change(
                id, #"{"event_types":["grade.changed"],"template":{"k":"{{data.interval}}"}}"#, right)
            #expect(both.status == 200, "\(both.text)")
            let own = try await desk.change(
                id, #"{"event_types":["custom.balance.low"],"template":{"b":"{{data.balance}}"}}"#, both)
            #expect(own.status == 200, "\(own.text)")
        }
    }

    @Test func `a secret that somebody else knows is ended at once, in the middle of an overlap too`()
        async throws
    {
        try await WebhookDesk.shared { desk in
            let made = try await desk.call(
                "POST", "webhooks", #"{"name":"secrets ended","url":"https://a.example/s"}"#)
            let path = "webhooks/\(made.json["id"]?.asString ?? "")"
            func secrets() async throws -> Int {
                try await desk.call("GET", path).json["secrets"]?.asArray?.count ?? -1
            }
            #expect(try await desk.call("POST", path + "/secrets", #"{"overlap":"30d"}"#).status == 201)
            #expect(try await secrets() == 2)
            #expect(try await desk.call("POST", path + "/secrets", #"{"overlap":"1h"}"#).code == "conflict")
            let ended = try await desk.call("POST", path + "/secrets", #"{"overlap":"0s"}"#)
            #expect(ended.status == 201 && ended.json["secret"]?.asString?.hasPrefix("whsec_") == true)
            #expect(ended.json["previous_expires_at"] == ended.json["created_at"])
            #expect(try await secrets() == 1)
            #expect(try await desk.call("POST", path + "/secrets", #"{"overlap":"1h"}"#).status == 201)
        }
    }

    @Test func `a client certificate must fit its key, shows when it lapses, and is told of before`()
        async throws
    {
        let folder = try TestFolder()
        let pair = try await ClientPair.make(in: folder, "a")
        let other = try await ClientPair.make(in: folder, "b")
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            func body(_ certificate: String, _ key: String) -> String {
                let fields: JSONValue = ["certificate": .string(certificate), "key": .string(key)]
                return #"{"# + Self.base + #","client_certificate":"#
                    + String(decoding: fields.bytes, as: UTF8.self) + "}"
            }
            let wrong = try await desk.call("POST", "webhooks", body(pair.certificate, other.key))
            #expect(wrong.status == 422 && wrong.text.contains("belongs to another key"), "\(wrong.text)")
            let made = try await desk.call("POST", "webhooks", body(pair.certificate, pair.key))
            #expect(made.status == 201, "\(made.text)")
            #expect(!made.text.contains("PRIVATE"))
            let shown = made.json["client_certificate"]
            #expect(shown?["certificate"]?.asString == pair.certificate)
            let end = try #require(shown?["expires_at"]?.asString.flatMap { Timestamp($0) })
            // Ten days from now by the real clock; the desk's stands at the end of them.
            desk.room.clock.move(end - (desk.room.clock.now + .days(3)))
            for _ in 0..<2 { try await desk.remind() }
            let events = Statement(
                "test_events", "select data from event where type = 'endpoint.certificate_expiring'")
            let told = try await database.query(events).map { try JSONValue.parse($0.json(0)) }
            #expect(told.count == 1 && told.first?["days_left"] == 3)
        }
    }
}

/// A self-signed certificate and its key, by OpenSSL's command line.
struct ClientPair {
    let certificate: String
    let key: String

    static func make(in folder: TestFolder, _ name: String) async throws -> ClientPair {
        let (certificate, key) = (folder.file("\(name)-certificate"), folder.file("\(name)-key"))
        let (code, output) = try await runToEnd(
            [
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "10", "-subj", "/CN=keybell", "-keyout", key, "-out", certificate,
            ], in: folder)
        guard code == 0 else { throw Impatience("openssl: \(output)") }
        return ClientPair(certificate: readWhole(certificate) ?? "", key: readWhole(key) ?? "")
    }
}
