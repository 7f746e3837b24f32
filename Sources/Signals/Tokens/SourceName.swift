/// What candles come from: lower-case letters, digits, `.`, `_` and `-`, up to 63, the first a letter or a
/// digit.
package enum SourceName {
    package static func isName(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...122).contains(byte) }
        guard let first = text.utf8.first, isPlain(first), text.utf8.count <= 63 else { return false }
        return text.utf8.allSatisfy { isPlain($0) || $0 == 46 || $0 == 95 || $0 == 45 }
    }
}
