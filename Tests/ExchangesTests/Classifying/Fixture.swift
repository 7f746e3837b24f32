import Foundation
import JSON

enum Fixture {
    static func rows(_ file: String, _ member: String) throws -> [JSONValue] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/\(file)")
        let value = try JSONValue.parse(
            [UInt8](Data(contentsOf: url)), limits: JSONLimits(depth: 8, textBytes: 1 << 22))
        return value[member]?.asArray ?? []
    }
}
