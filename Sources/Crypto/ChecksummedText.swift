/// A secret as people write it down and type it: a prefix that says what it is, and base64url of its bytes
/// and their CRC-32. One wrong character, or two swapped ones, never pass.
struct ChecksummedText {
    let prefix: String
    /// Without the checksum. With it a multiple of 3, so that no bit of the text is unused.
    let contentBytes: Int

    private static let checksumBytes = 4
    private var checkedBytes: Int { contentBytes + Self.checksumBytes }
    var textBytes: Int { prefix.utf8.count + checkedBytes / 3 * 4 }

    enum Mistake: Error {
        /// Begins otherwise.
        case otherPrefix
        case wrongLength
        /// A character that base64url does not have; its place, from 1.
        case foreignCharacter(place: Int)
        case wrongChecksum
        case crypto(CryptoError)
    }

    /// Has `body` read the bytes, which are wiped afterwards. White space around the text is ignored.
    func parse<Result: ~Copyable>(
        _ text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Result
    ) throws(Mistake) -> Result {
        let text = UnsafeRawBufferPointer(rebasing: trim(text))
        let start = Array(prefix.utf8)
        guard text.starts(with: start) else { throw .otherPrefix }
        guard text.count == textBytes else { throw .wrongLength }
        let encoded = UnsafeRawBufferPointer(rebasing: text[start.count...])
        do throws(CryptoError) {
            return try Scratch.withBytes(checkedBytes) { content throws(CryptoError) in
                guard Base64.decode(encoded, alphabet: .url, into: content) == content.count else {
                    throw .malformed(prefix)
                }
                let bytes = UnsafeRawBufferPointer(rebasing: content[..<contentBytes])
                guard content[contentBytes...].elementsEqual(checksum(of: bytes)) else {
                    throw .notAuthentic
                }
                return try body(bytes)
            }
        } catch .malformed(prefix) {
            let place = encoded.firstIndex { !Self.isOfAlphabet($0) } ?? 0
            throw .foreignCharacter(place: start.count + place + 1)
        } catch .notAuthentic {
            throw .wrongChecksum
        } catch {
            throw .crypto(error)
        }
    }

    /// The text of the bytes that `fill` writes, and a line feed; wiped when the closure ends.
    func withLine<Result>(
        filledBy fill: (UnsafeMutableRawBufferPointer) -> Void,
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        try Scratch.withBytes(checkedBytes) { content throws(CryptoError) in
            let bytes = UnsafeMutableRawBufferPointer(rebasing: content[..<contentBytes])
            fill(bytes)
            UnsafeMutableRawBufferPointer(rebasing: content[contentBytes...])
                .copyBytes(from: checksum(of: UnsafeRawBufferPointer(bytes)))
            return try Scratch.withBytes(textBytes + 1) { line throws(CryptoError) in
                line.copyBytes(from: prefix.utf8)
                let encoded = UnsafeMutableRawBufferPointer(rebasing: line[prefix.utf8.count...])
                Base64.encode(UnsafeRawBufferPointer(content), alphabet: .url, into: encoded)
                line[textBytes] = UInt8(ascii: "\n")
                return try body(UnsafeRawBufferPointer(line))
            }
        }
    }

    private func checksum(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        BigEndian.bytes(CRC32.checksum(bytes))
    }

    private func trim(_ text: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        let end = text.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? 0
        return text[..<end].drop(while: isBlank)
    }

    private static func isOfAlphabet(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
