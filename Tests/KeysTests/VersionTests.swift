import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct VersionTests {
    private static let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    private static let apiKey = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

    private static func credential(_ secret: String = secret) -> String {
        #""credential": {"kind": "hmac", "api_key": "\#(apiKey)", "secret": "\#(secret)"}"#
    }

    @Test func `an imported secret is sealed, in quarantine, and in no answer`() async throws {
        try await KeyDesk.run { desk in
            let made = try await desk.call("POST", "/v1/keys", KeyDesk.draft("a", Self.credential()))
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["status"]?.asString == "quarantined")
            #expect(made.json["current_version"]?.asInt == 1)
            #expect(made.json["fingerprint"]?.asString?.hasPrefix("kf_") == true)
            let version = made.json["versions"]?[0]
            #expect(version?["state"]?.asString == "current")
            #expect(version?["kind"]?.asString == "hmac")
            #expect(version?["api_key_hint"]?.asString == "vmPU…Eh8A")
            let path = "/v1/keys/\(made.json["id"]?.asString ?? "")"
            let read = try await desk.call("GET", path)
            #expect(read.text == made.text)
            for answer in [made, read, try await desk.call("GET", path + "/versions")] {
                #expect(!answer.text.contains(Self.secret))
                #expect(!answer.text.contains(Self.apiKey))
            }
            let types = try await desk.events().map(\.type)
            #expect(types == ["key.registered", "key.version.created"])
        }
    }

    @Test func `the same secret under another key is refused, unless asked for`() async throws {
        try await KeyDesk.run { desk in
            let first = try await desk.call("POST", "/v1/keys", KeyDesk.draft("a", Self.credential()))
            let again = try await desk.call("POST", "/v1/keys", KeyDesk.draft("b", Self.credential()))
            #expect(again.status == 409)
            #expect(again.json["code"]?.asString == "duplicate_secret")
            #expect(again.json["key_id"] == first.json["id"])
            #expect(!again.text.contains(Self.secret))
            let asked = try await desk.call(
                "POST", "/v1/keys", KeyDesk.draft("b", Self.credential() + #", "allow_duplicate": true"#))
            #expect(asked.status == 201, "\(asked.text)")
            #expect(asked.json["fingerprint"] == first.json["fingerprint"])
        }
    }

    @Test(arguments: [
        (#"{"kind": "ed25519", "api_key": "abcdefgh", "secret": "0123456789abcdef"}"#, "/credential/kind"),
        (#"{"api_key": "abcd efgh", "secret": "0123456789abcdef"}"#, "/credential/api_key"),
        (#"{"api_key": "abcdefgh", "secret": "0123 456789abcdef"}"#, "/credential/secret"),
        (
            #"{"api_key": "abcdefgh", "secret": "0123456789abcdef", "passphrase": "x"}"#,
            "/credential/passphrase"
        ),
        (#"{"generate": true, "kind": "hmac"}"#, "/credential/kind"),
        (#"{"generate": true, "kind": "p256"}"#, "/credential/kind"),
        (#"{"api_key": "abcdefgh"}"#, "/credential/secret"),
        (#"{"api_key": "abcdefgh", "secret": "0123456789abcdef", "sekret": 1}"#, "/credential/sekret"),
    ]) func `a credential that does not fit is refused by its field, and nothing is stored`(
        credential: String, pointer: String
    ) async throws {
        try await KeyDesk.run { desk in
            let answer = try await desk.call(
                "POST", "/v1/keys", KeyDesk.draft("a", #""credential": \#(credential)"#))
            #expect(answer.status == 422, "\(answer.text)")
            #expect(answer.json["errors"]?[0]?["pointer"]?.asString == pointer, "\(answer.text)")
            #expect(!answer.text.contains("456789abcdef"))
            #expect(try await desk.call("GET", "/v1/keys").json["data"]?.asArray?.isEmpty == true)
        }
    }

    @Test func `a generated pair waits for the exchange's name for it`() async throws {
        try await KeyDesk.run { desk in
            let wish = #""credential": {"kind": "ed25519", "generate": true}"#
            let made = try await desk.call("POST", "/v1/keys", KeyDesk.draft("a", wish))
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["current_version"] == .null)
            let version = made.json["versions"]?[0]
            #expect(version?["state"]?.asString == "pending")
            #expect(version?["waiting_for"]?.asString == "api_key")
            #expect(version?["public_key_pem"]?.asString?.hasPrefix("-----BEGIN PUBLIC KEY-----") == true)
            let path = "/v1/keys/\(made.json["id"]?.asString ?? "")"
            let unnamed = try await desk.call("POST", path + "/versions/1/activate")
            #expect(unnamed.status == 422)
            #expect(unnamed.text.contains("/api_key"))
            let named = try await desk.call(
                "POST", path + "/versions/1/activate", #"{"api_key": "abcdefghijklmnop"}"#)
            #expect(named.status == 200, "\(named.text)")
            #expect(named.json["current_version"]?.asInt == 1)
            #expect(named.json["status"]?.asString == "quarantined")
            #expect(named.json["versions"]?[0]?["api_key_hint"]?.asString == "abcd…mnop")
        }
    }

    @Test func `versions take over, roll back and are destroyed by the key's name`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", Self.credential())
            let added = try await desk.call(
                "POST", path + "/versions", "{\(Self.credential("another-secret-of-enough-length"))}")
            #expect(added.status == 201, "\(added.text)")
            #expect(added.json["current_version"]?.asInt == 1)
            let second = try await desk.call(
                "POST", path + "/versions", "{\(Self.credential("a-third-secret-of-enough-length"))}")
            #expect(second.status == 409)
            let promoted = try await desk.call("POST", path + "/versions/2/activate")
            #expect(promoted.json["current_version"]?.asInt == 2, "\(promoted.text)")
            let states = { (answer: TestAnswer) in
                answer.json["versions"]?.asArray?.compactMap { $0["state"]?.asString } ?? []
            }
            #expect(states(promoted) == ["previous", "current"])
            let back = try await desk.call("POST", path + "/versions/1/activate")
            #expect(states(back) == ["current", "previous"])

            let current = try await desk.call(
                "POST", path + "/versions/1/destroy", #"{"confirm": "a", "reason": "x"}"#)
            #expect(current.status == 409)
            let unconfirmed = try await desk.call(
                "POST", path + "/versions/2/destroy", #"{"confirm": "b", "reason": "x"}"#)
            #expect(unconfirmed.status == 422)
            let destroyed = try await desk.call(
                "POST", path + "/versions/2/destroy", #"{"confirm": "a", "reason": "leaked"}"#)
            #expect(states(destroyed) == ["current", "destroyed"], "\(destroyed.text)")
            let gone = Statement(
                "test_gone", "select count(*) from key_version where version = 2 and credential is null")
            #expect(try await desk.database.query(gone).first?.int(0) == 1)
            let risen = try await desk.call("POST", path + "/versions/2/activate")
            #expect(risen.status == 409)
        }
    }

    @Test func `only a readable key is revealed, and whoever makes it readable has its secret`() async throws
    {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", Self.credential())
            let body = #"{"reason": "moving to another house"}"#
            #expect(try await desk.call("POST", path + "/reveal", body).status == 409)
            let bare = try await desk.call("PATCH", path, #"{"readable": true}"#, match: "*")
            #expect(bare.status == 422, "\(bare.text)")
            let wrong = #"{"readable": true, \#(Self.credential("not-the-secret-that-it-has"))}"#
            #expect(try await desk.call("PATCH", path, wrong, match: "*").status == 422)
            let right = #"{"readable": true, \#(Self.credential())}"#
            let opened = try await desk.call("PATCH", path, right, match: "*")
            #expect(opened.json["readable"]?.asBool == true, "\(opened.text)")
            let shown = try await desk.call("POST", path + "/reveal", body)
            #expect(shown.json["secret"]?.asString == Self.secret, "\(shown.status)")
            #expect(shown.json["api_key"]?.asString == Self.apiKey)
            #expect(try await desk.events().last?.type == "key.revealed")
            _ = try await desk.call("POST", path + "/suspend", #"{"reason": "stop"}"#)
            #expect(try await desk.call("POST", path + "/reveal", body).status == 409)
        }
    }

    /// T2: ciphertext belongs to its key and its version.
    @Test func `T2 a ciphertext that was swapped or rolled back does not open, and is told of`() async throws
    {
        try await KeyDesk.run { desk in
            let readable = #""readable": true, "#
            let one = try await desk.register("a", readable + Self.credential())
            let other = try await desk.register("b", readable + Self.credential("secret-of-the-other-key"))
            _ = try await desk.call(
                "POST", one + "/versions", "{\(Self.credential("the-next-secret-of-one"))}")
            let body = #"{"reason": "look"}"#
            for (path, swap) in [
                (one, "from key_version o where v.version = 1 and o.version = 1 and v.key <> o.key"),
                (one, "from key_version o where v.version = 1 and o.version = 2 and v.key = o.key"),
            ] {
                let keep = "create unlogged table kept as select key, version, credential from key_version"
                let restore = """
                    update key_version v set credential = k.credential from kept k
                    where k.key = v.key and k.version = v.version
                    """
                let swapping = "update key_version v set credential = o.credential \(swap)"
                try await desk.run(keep, swapping)
                let refused = try await desk.call("POST", path + "/reveal", body)
                #expect(refused.json["code"]?.asString == "key_tampered", "\(refused.text)")
                try await desk.run(restore, "drop table kept")
                #expect(try await desk.call("POST", path + "/reveal", body).status == 200)
            }
            #expect(try await desk.call("POST", other + "/reveal", body).status == 200)
            #expect(try await desk.events().contains { $0.type == "key.tampered" })
        }
    }
}
