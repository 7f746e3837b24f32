import Foundation
import JSON
import Testing

@testable import Identity

/// Tokens that PyJWT signed: see Tests/Judges/id_token_vectors.py.
struct TokenVectorTests {
    private func document() throws -> JSONValue {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/openid/tokens.json")
        return try JSONValue.parse([UInt8](Data(contentsOf: file)))
    }

    @Test func `what another implementation signed is taken, or refused for the right reason`() throws {
        let document = try document()
        let keys = try #require(KeySet(document))
        let tokens = document["tokens"]?.asArray ?? []
        #expect(tokens.count >= 18)
        for vector in tokens {
            var said = "fine"
            do {
                let token = try SignedToken(vector["token"]?.asString ?? "")
                try keys.verify(token)
                #expect(JSONValue.object(token.claims) == document["claims"])
            } catch {
                said = error.rawValue
            }
            #expect(said == vector["says"]?.asString, "\(vector["name"]?.asString ?? "")")
        }
    }
}
