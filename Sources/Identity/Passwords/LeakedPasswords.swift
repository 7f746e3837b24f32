import CAssets

/// The 10,000 passwords that leaked most often, of those that have six characters or more: shorter ones do
/// not make up a password of ours, however they are decorated. One in each line, in small letters, sorted.
enum LeakedPasswords {
    private static let file = "Assets/common-passwords.txt"
    static let shortest = 6

    /// Looked up where they lie: nothing is made of them at a start.
    static func hold(_ word: some BidirectionalCollection<UInt8>) -> Bool {
        let word = Array(word)
        guard word.count >= shortest else { return false }
        let lines = lines
        var (low, high) = (lines.startIndex, lines.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            let start = lines[..<middle].lastIndex(of: newline).map { $0 + 1 } ?? lines.startIndex
            let end = lines[middle...].firstIndex(of: newline) ?? lines.endIndex
            let line = lines[start..<end]
            if line.elementsEqual(word) { return true }
            if line.lexicographicallyPrecedes(word) { low = end + 1 } else { high = start }
        }
        return false
    }

    private static let newline = UInt8(ascii: "\n")

    private static var lines: UnsafeBufferPointer<UInt8> {
        var entry = kassets_files()
        while let one = entry?.pointee, let name = one.name {
            if String(cString: name) == file {
                return UnsafeBufferPointer(start: one.bytes, count: one.length)
            }
            entry = entry?.successor()
        }
        preconditionFailure("\(file) is not inside the binary")
    }
}
