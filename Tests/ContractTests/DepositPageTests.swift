import Crypto
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// The pages behind links that people are sent, and what strangers may do there.
struct DepositPageTests {
    private typealias Page = (path: String, text: String, policy: String, head: ResponseHead)

    private static func pages() async throws -> [Page] {
        try await Premises.open { _, premises in
            var pages: [Page] = []
            for path in ["/deposit", "/alerts", "/invitations", "/password"] {
                let answer = try await premises.call("GET", path)
                #expect(answer.status == 200)
                let head = answer.response.head
                pages.append((path, answer.text, head[.contentSecurityPolicy] ?? "", head))
            }
            #expect(premises.mistakes == [])
            return pages
        }
    }

    @Test func `each page stands alone: nothing comes from elsewhere, nothing is kept`() async throws {
        for (path, text, policy, head) in try await Self.pages() {
            #expect(head[.contentType] == "text/html; charset=utf-8")
            #expect(head[.cacheControl] == "no-store")
            #expect(head[.referrerPolicy] == "no-referrer")
            for word in ["http:", "https:", "//", " src=", " href=", "url(", "@import", "eval(", "innerHTML"]
            {
                #expect(!text.contains(word), "\(path) \(word)")
            }
            for rule in ["default-src", "form-action", "base-uri", "frame-ancestors"] {
                #expect(policy.contains("\(rule) 'none'"), "\(path) \(rule)")
            }
            #expect(!policy.contains("unsafe"))
            #expect(head.fields.count { $0.name == .contentSecurityPolicy } == 1)
            // Without a script nothing is shown that a browser could send by itself.
            #expect(text.contains("novalidate hidden>"))
        }
    }

    @Test func `the policy lets in the page's one script and its one style`() async throws {
        for (_, text, policy, _) in try await Self.pages() {
            for element in ["script", "style"] {
                #expect(text.ranges(of: "<\(element)").count == 1)
                let start = try #require(text.firstRange(of: "<\(element)>"))
                let end = try #require(text.firstRange(of: "</\(element)>"))
                let hash = SHA256.hash(Array(text[start.upperBound..<end.lowerBound].utf8))
                #expect(policy.contains("\(element)-src 'sha256-\(Base64.encode(hash))'"))
            }
            // Inline handlers and styles would be refused by it.
            for attribute in [" style=", " onclick=", " onsubmit=", " onload=", " oninput="] {
                #expect(!text.contains(attribute))
            }
        }
    }

    @Test func `a password can be pasted, kept by a manager, and looked at`() async throws {
        let page = try #require(try await Self.pages().last)
        #expect(page.text.contains("<label for=\"password\">"))
        let input = try #require(page.text.firstMatch(of: /<input id="password"[^>]*>/)).output
        #expect(input.contains("autocomplete=\"new-password\"") && !input.contains("maxlength"))
        #expect(page.text.contains("id=\"show\""))
        #expect(!page.text.contains("paste"))
    }

    @Test func `every field has a label, and no browser keeps what is typed`() async throws {
        let text = try #require(try await Self.pages().first).text
        for field in ["api_key", "secret", "passphrase"] {
            #expect(text.contains("<label for=\"\(field)\">"))
            #expect(text.contains("id=\"\(field)_mistake\""))
        }
        let inputs = text.matches(of: /<(input|textarea) id="[a-z_]+"[^>]*>/).map { String($0.output.0) }
        #expect(inputs.count == 4)
        for input in inputs where !input.contains("checkbox") {
            #expect(input.contains("autocomplete=\"off\"") && input.contains("spellcheck=\"false\""))
        }
    }

    @Test func `a deposit goes the whole way, and every answer fits the contract`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let key = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: #"{"exchange":"okx","account":"main","label":"a","environment":"live"}"#)
            let path = "/v1/keys/\(key.json["id"]?.asString ?? "")/deposits"
            let made = try await premises.call("POST", path, as: owner.token)
            #expect(made.status == 201, "\(made.text)")
            let token = made.json["token"] ?? .null
            let seen = try await premises.call(
                "POST", "/v1/deposits/look", body: (["token": token] as JSONValue).text)
            #expect(seen.status == 200 && seen.json["passphrase"] == true, "\(seen.text)")
            let credential: JSONValue = ["api_key": "api-key-of-a-holder", "secret": "secret-of-a-holder"]
            let body: JSONValue = ["token": token, "credential": credential]
            let mistaken = try await premises.call("POST", "/v1/deposits", body: body.text)
            #expect(mistaken.pointers == ["/credential/passphrase"], "\(mistaken.text)")
            let word = TextField(path: ["credential", "passphrase"]).set("a-word", in: body)
            #expect(try await premises.call("POST", "/v1/deposits", body: word.text).status == 201)
            let again = try await premises.call("POST", "/v1/deposits", body: word.text)
            #expect(again.status == 401 && again.code == "unauthenticated")
            #expect(
                try await premises.call("GET", path, as: owner.token).json["data"]?[0]?["state"] == "used")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T21: hostile text of a holder is refused by its field, or as no token`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            for (number, text) in HostileTextTests.texts.enumerated() {
                let key = try await premises.call(
                    "POST", "/v1/keys", as: owner.token,
                    body: #"{"exchange":"okx","account":"main","label":"\#(number)","environment":"live"}"#)
                let links = "/v1/keys/\(key.json["id"]?.asString ?? "")/deposits"
                let link = try await premises.call("POST", links, as: owner.token)
                let token = link.json["token"] ?? .null
                let credential: JSONValue = [
                    "api_key": "a-key", "secret": .string("a-secret-\(number)"), "passphrase": "word",
                ]
                let body: JSONValue = ["token": token, "credential": credential]
                for path in [["token"], ["credential", "api_key"], ["credential", "secret"]] {
                    let hostile = TextField(path: path).set(text, in: body)
                    let answer = try await premises.call("POST", "/v1/deposits", body: hostile.text)
                    #expect([201, 401, 422].contains(answer.status), "\(path) \(answer.text)")
                    #expect(answer.status != 201 || path != ["token"])
                    #expect(answer.status != 422 || !answer.pointers.isEmpty)
                }
            }
            #expect(premises.mistakes == [])
        }
    }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
