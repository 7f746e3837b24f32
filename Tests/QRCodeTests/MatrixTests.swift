import Crypto
import Foundation
import JSON
import QRCode
import Testing

/// Against the public package `qrcode`, which wrote the fixture: see Tests/Judges/qr_codes.py.
@Suite struct MatrixTests {
    @Test func `every version and every mask give the matrix that others draw`() throws {
        let codes = try Self.codes()
        #expect(codes.count == 40)
        for code in codes {
            let (text, mask) = (code["text"]?.asString ?? "", code["mask"]?.asInt.map(Int.init))
            let made = try #require(QRCode(Array(text.utf8), mask: mask))
            #expect(made.version == code["version"]?.asInt.map(Int.init))
            #expect(made.mask == mask)
            #expect(Hex.encode(SHA256.hash(made.rows)) == code["sha256"]?.asString, "version \(made.version)")
        }
    }

    private static func codes() throws -> [JSONValue] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/factors/qr-codes.json")
        return try JSONValue.parse([UInt8](Data(contentsOf: file))).asArray ?? []
    }
}

extension QRCode {
    /// As the fixture's script joins them.
    fileprivate var rows: String {
        (0..<side).map { row in
            (0..<side).map { isDark(column: $0, row: row) ? "1" : "0" }.joined()
        }.joined(separator: "\n")
    }
}
