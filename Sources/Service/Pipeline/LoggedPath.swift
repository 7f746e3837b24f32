/// A request's path as the access log may show it. People paste tokens and keys into addresses, and a log is
/// read and kept by many: what could be a secret ends the path. Queries are not logged at all.
enum LoggedPath {
    private static let redacted = "[redacted]"
    /// Ids of ours have 31 bytes at most, and names that stand in paths are shorter. Exchanges' keys begin at
    /// 36.
    private static let longestSegment = 32

    /// - Parameter path: as sent, still percent-encoded.
    static func text(_ path: ArraySlice<UInt8>) -> String {
        path.withUnsafeBufferPointer(isHarmless) ? String(decoding: path, as: UTF8.self) : cut(path)
    }

    /// Whether one of our secrets may stand anywhere in a name that a client gave: its prefix is enough, also
    /// behind something else.
    static func holdsToken(_ name: String) -> Bool {
        let words = name.utf8.split(omittingEmptySubsequences: false) { !isWordByte($0) && $0 != .underscore }
        return words.contains { word in
            word.split(separator: .underscore, omittingEmptySubsequences: false).dropLast().contains {
                before in
                before.starts(with: "kb".utf8) || tokenEnds.contains { before.reversed().starts(with: $0) }
            }
        }
    }

    /// What is before the `_` of tokens and of webhooks' secrets, backwards.
    private static let tokenEnds = ["kbt", "kbi", "kbb", "whsec", "whsk"].map { Array($0.utf8.reversed()) }

    /// One pass without a copy, since every request comes by.
    private static func isHarmless(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var (segment, word) = (0, 0)
        for (index, byte) in path.enumerated() {
            switch byte {
            case .slash: (segment, word) = (index + 1, index + 1)
            case .percent: return false
            case .underscore:
                if isSecretPrefix(UnsafeBufferPointer(rebasing: path[word..<index])) { return false }
                word = index + 1
            case _ where !isWordByte(byte): word = index + 1
            default: break
            }
            if index - segment >= longestSegment { return false }
        }
        return true
    }

    /// Up to the first segment that is not harmless once its escapes are undone.
    private static func cut(_ path: ArraySlice<UInt8>) -> String {
        var shown: [Substring] = []
        for segment in String(decoding: path, as: UTF8.self).split(
            separator: "/", omittingEmptySubsequences: false)
        {
            let plain = decoded(segment.utf8)
            guard !plain.contains(.percent), plain.withUnsafeBufferPointer(isHarmless) else {
                shown.append(redacted[...])
                break
            }
            shown.append(segment)
        }
        return shown.joined(separator: "/")
    }

    /// What is before the `_` of our tokens, root keys and shares (all `kb…`), and of webhooks' secrets.
    private static func isSecretPrefix(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        word.starts(with: "kb".utf8) || word.elementsEqual("whsec".utf8) || word.elementsEqual("whsk".utf8)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || (65...90).contains(byte)
    }

    private static func decoded(_ text: Substring.UTF8View) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == .percent, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                rest = rest.dropFirst(2)
                bytes.append(value)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}

extension UInt8 {
    fileprivate static let slash = UInt8(ascii: "/")
    fileprivate static let percent = UInt8(ascii: "%")
    fileprivate static let underscore = UInt8(ascii: "_")
}
