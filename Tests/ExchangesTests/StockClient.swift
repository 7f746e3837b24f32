import Foundation
import JSON

/// What was found out about stock ccxt: `Tests/Clients`, where judges hold the same files against it.
enum StockClient {
    static func table(_ file: String) throws -> JSONObject {
        let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Clients/\(file)")
        return try JSONValue.parse([UInt8](Data(contentsOf: url))).asObject ?? JSONObject()
    }
}
