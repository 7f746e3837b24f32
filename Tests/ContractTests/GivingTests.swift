import Access
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// Of what gives rights by some of its bodies only: which ask for a step-up, and which do not.
@Suite struct GivingTests {
    private struct Asked {
        let method: String
        let path: String
        let body: String
        let asks: Bool

        init(_ method: String, _ path: String, _ body: String = "", asks: Bool) {
            (self.method, self.path, self.body, self.asks) = (method, path, body, asks)
        }
    }

    @Test func `what gives a bot power asks for a step-up, and what gives nothing asks for none`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let heir = try await premises.join("heir", .owner, by: owner)
            let bot = try await premises.id("/v1/service-accounts", #"{"name":"b","purpose":"b"}"#, by: owner)
            let own = try await premises.id("/v1/access-tokens", #"{"name":"o"}"#, by: owner)
            let its = try await premises.id(
                "/v1/access-tokens", #"{"name":"i","principal_id":"\#(bot)"}"#, by: owner)
            try await premises.setPassword(as: owner.token)
            let (accounts, tokens) = ("/v1/service-accounts", "/v1/access-tokens")
            try await Self.ask(
                [
                    Asked("POST", accounts, #"{"name":"c","purpose":"c"}"#, asks: false),
                    Asked("POST", accounts, #"{"name":"d","purpose":"d","role":"bot"}"#, asks: true),
                    Asked("PATCH", "\(accounts)/\(bot)", #"{"purpose":"another"}"#, asks: false),
                    Asked("PATCH", "\(accounts)/\(bot)", #"{"expires_at":null}"#, asks: true),
                    Asked("PATCH", "\(accounts)/\(bot)", #"{"owner_id":"\#(heir.id)"}"#, asks: true),
                    Asked("POST", "\(accounts)/\(bot)/disable", asks: false),
                    Asked("POST", "\(accounts)/\(bot)/enable", asks: true),
                    Asked("PATCH", "\(accounts)/\(bot)", #"{"owner_id":"\#(owner.id)"}"#, asks: true),
                    Asked("POST", tokens, #"{"name":"p"}"#, asks: false),
                    Asked("POST", tokens, #"{"name":"q","principal_id":"\#(bot)"}"#, asks: true),
                    Asked("POST", "\(tokens)/\(own)/rotate", asks: false),
                    Asked("POST", "\(tokens)/\(its)/rotate", asks: true),
                ], premises, owner)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a key that can withdraw from then on asks for a step-up, and so does letting one go on`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let (head, keys) = (#""exchange":"okx","account":"main","environment":"demo""#, "/v1/keys")
            let key = try await premises.id(keys, "{\(head),\"label\":\"a\"}", by: owner)
            try await premises.setPassword(as: owner.token)
            func entries(_ more: String) -> String {
                """
                {"entries":[{\(head),"label":"i","permissions":["read","transfer"],\
                "credential":{"api_key":"a","secret":"the-secret-of-an-import","passphrase":"p"}}]\(more)}
                """
            }
            func mode(_ mode: String) -> String { #"{"mode":"\#(mode)","reason":"a"}"# }
            func modes(_ mode: String, _ more: String) -> String {
                #"{"selector":{"ids":["\#(key)"]},"mode":"\#(mode)","reason":"a"\#(more)}"#
            }
            try await Self.ask(
                [
                    Asked("POST", keys, #"{\#(head),"label":"b","permissions":["trade_spot"]}"#, asks: false),
                    Asked("POST", keys, #"{\#(head),"label":"c","permissions":["withdraw"]}"#, asks: true),
                    Asked("POST", "\(keys)/import", entries(#","dry_run":true"#), asks: false),
                    Asked("POST", "\(keys)/import", entries(""), asks: true),
                    Asked("PATCH", "\(keys)/\(key)", #"{"permissions":["read"]}"#, asks: false),
                    Asked("PATCH", "\(keys)/\(key)", #"{"permissions":["read","withdraw"]}"#, asks: true),
                    Asked(
                        "PATCH", "\(keys)/\(key)", #"{"permissions":["withdraw"],"label":"z"}"#, asks: false),
                    Asked("POST", "\(keys)/\(key)/mode", mode("suspended"), asks: false),
                    Asked("POST", "\(keys)/\(key)/mode", mode("reduce_only"), asks: true),
                    Asked("POST", "\(keys)/\(key)/suspend", #"{"reason":"a"}"#, asks: false),
                    Asked("POST", "\(keys)/\(key)/activate", asks: true),
                    Asked("POST", "\(keys)/mode", modes("suspended", #","expect_count":1"#), asks: false),
                    Asked("POST", "\(keys)/mode", modes("active", #","dry_run":true"#), asks: false),
                    Asked("POST", "\(keys)/mode", modes("active", #","expect_count":1"#), asks: true),
                ], premises, owner)
            #expect(premises.mistakes == [])
        }
    }

    private static func ask(_ all: [Asked], _ premises: Premises, _ owner: Person) async throws {
        let match = [(name: "if-match", value: "*")]
        for asked in all {
            let bare = try await premises.call(
                asked.method, asked.path, as: owner.token, headers: match, body: asked.body)
            let what = "\(asked.method) \(asked.path) \(asked.body): \(bare.text)"
            #expect((bare.code == "step_up_required") == asked.asks, "\(what)")
            guard asked.asks else {
                #expect([200, 201].contains(bare.status), "\(what)")
                continue
            }
            let proven = try await premises.insist(
                asked.method, asked.path, as: owner.token, headers: match, body: asked.body)
            #expect([200, 201].contains(proven.status), "\(what) \(proven.text)")
        }
    }
}

extension Premises {
    nonisolated(nonsending) fileprivate func id(
        _ path: String, _ body: String, by person: Person
    ) async throws -> String {
        let made = try await call("POST", path, as: person.token, body: body)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }
}
