import Access
import Crypto
import Keys

/// Binds each line of a journal to all before it, under a key that only an unsealed node of this installation
/// has: a line that was changed, left out or put in is found. What is cut off at the end is not.
struct AwayChain {
    private static let start = [UInt8](repeating: 0, count: 32)
    private static let codeCharacters = 64

    private let key: HMACKey
    private var last = start

    init(_ key: HMACKey) { self.key = key }

    /// The code in hex, a space, the entry as JSON.
    mutating func line(_ json: [UInt8]) -> [UInt8] {
        last = key.code(for: last, json)
        return Array(Hex.encode(last).utf8) + [UInt8(ascii: " ")] + json + [UInt8(ascii: "\n")]
    }

    /// The entry of the next line, without its end; nil when that is not the line that was written there.
    mutating func read(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        guard line.count > Self.codeCharacters + 1 else { return nil }
        let json = Array(line.dropFirst(Self.codeCharacters + 1))
        guard let code = Hex.decode(String(decoding: line.prefix(Self.codeCharacters), as: UTF8.self)),
            line[line.startIndex + Self.codeCharacters] == UInt8(ascii: " "), code.count == last.count,
            key.isValid(code, for: last, json)
        else { return nil }
        last = code
        return json
    }
}

extension KeyBook {
    /// Of one journal. Throws while the node is sealed.
    func chain(of journal: AwayJournalID) throws -> AwayChain {
        AwayChain(try HMACKey(lastingTag(of: Array("away journal \(journal)".utf8))))
    }
}
