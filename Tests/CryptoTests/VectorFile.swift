import Crypto
import Foundation
import JSON

/// The tests of one file in `Tests/Fixtures/crypto`.
struct VectorFile {
    let vectors: [Vector]

    init(_ name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/crypto/\(name).json")
        let text = try JSONValue.parse([UInt8](Data(contentsOf: file)))
        vectors = (text["tests"]?.asArray ?? []).map(Vector.init)
    }

    struct Vector {
        let members: JSONValue

        init(_ members: JSONValue) { self.members = members }

        func text(_ name: String) -> String { members[name]?.asString ?? "" }
        func bytes(_ name: String) -> [UInt8] { CryptoTests.bytes(text(name)) }
        var isValid: Bool { text("result") == "valid" }
        var comment: String { text("comment") }
    }
}
