import JSON

/// Where the members of an object's text stand, so that one can be put in or left out while every other keeps
/// its bytes: a signature covers them as they were written. For texts that were read before: see
/// `RequestDraft.init`.
struct JSONMembers {
    private let bytes: [UInt8]
    /// From a member's name to the end of its value; nil when the text is no object.
    private let ranges: [Range<Int>]?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let scan = Scan(bytes)
        ranges = scan.members()
    }

    var names: [String] { (ranges ?? []).compactMap(name) }

    /// The object with one more member before the others.
    func beginning(with member: String) -> [UInt8]? {
        guard let ranges, let brace = bytes.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        var all = Array(bytes[...brace])
        all += (ranges.isEmpty ? member : member + ",").utf8
        return all + bytes[(brace + 1)...]
    }

    func dropping(_ names: [String]) -> [UInt8] {
        let all = ranges ?? []
        let kept = all.filter { range in name(range).map { !names.contains($0) } ?? true }
        guard kept.count < all.count else { return bytes }
        let members = kept.map { bytes[$0] }.joined(separator: [UInt8(ascii: ",")])
        return [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")]
    }

    /// The same with the value of one member changed; as it is when there is none.
    func changing(_ wanted: String, _ change: ([UInt8]) -> [UInt8]) -> [UInt8] {
        guard let range = ranges?.first(where: { name($0) == wanted }) else { return bytes }
        let end = Scan(bytes[range]).endOfString(from: range.lowerBound)
        let isBefore = { (byte: UInt8) in " \t\r\n:".utf8.contains(byte) }
        guard let value = bytes[end..<range.upperBound].firstIndex(where: { !isBefore($0) }) else {
            return bytes
        }
        return bytes[..<value] + change(Array(bytes[value..<range.upperBound])) + bytes[range.upperBound...]
    }

    /// With its escapes undone: `"\u006eonce"` is `nonce`.
    private func name(_ range: Range<Int>) -> String? {
        let scan = Scan(bytes[range])
        let end = scan.endOfString(from: range.lowerBound)
        return (try? JSONValue.parse(Array(bytes[range.lowerBound..<end])))?.asString
    }
}

/// The same of a list's elements.
struct JSONElements {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func changed(_ change: ([UInt8]) -> [UInt8]) -> [UInt8] {
        guard let ranges = Scan(bytes).members(behind: UInt8(ascii: "[")) else { return bytes }
        var (all, end) = ([UInt8](), 0)
        for range in ranges {
            all += bytes[end..<range.lowerBound] + change(Array(bytes[range]))
            end = range.upperBound
        }
        return all + bytes[end...]
    }
}

/// One pass over an object's text; only strings, brackets and commas matter.
private struct Scan {
    private let bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }
    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    func members(behind opening: UInt8 = UInt8(ascii: "{")) -> [Range<Int>]? {
        guard let brace = bytes.firstIndex(where: { !Self.isSpace($0) }), bytes[brace] == opening
        else { return nil }
        var found: [Range<Int>] = []
        var (start, index, depth) = (brace + 1, brace + 1, 1)
        while index < bytes.endIndex, depth > 0 {
            switch bytes[index] {
            case UInt8(ascii: "\""): index = endOfString(from: index) - 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            if depth == 0 || (depth == 1 && bytes[index] == UInt8(ascii: ",")) {
                if let range = trimmed(start..<index) { found.append(range) }
                start = index + 1
            }
            index += 1
        }
        return found
    }

    /// Behind the closing quotation mark of the string that begins there.
    func endOfString(from start: Int) -> Int {
        var index = start + 1
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.endIndex)
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int>? {
        guard let first = bytes[range].firstIndex(where: { !Self.isSpace($0) }),
            let last = bytes[range].lastIndex(where: { !Self.isSpace($0) })
        else { return nil }
        return first..<last + 1
    }

    private static func isSpace(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }
}
