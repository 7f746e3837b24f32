/// The PEM of a key (RFC 7468), read strictly: one block, no headers, nothing before or behind it but white
/// space. OpenSSL's reader would skip what it does not know, and ask the terminal for a pass phrase. The
/// block of parameters that `openssl ecparam -genkey` writes in front is passed over.
enum PEM {
    /// What the block holds.
    enum Layout: String {
        case pkcs8 = "PRIVATE KEY"
        case sec1 = "EC PRIVATE KEY"
        case pkcs1 = "RSA PRIVATE KEY"
        /// SubjectPublicKeyInfo.
        case publicHalf = "PUBLIC KEY"
    }

    /// The PKCS#8 of the longest RSA key that we take has some 6,400 bytes.
    static let textBytesAtMost = 16_384

    /// Lends the decoded bytes, which are wiped when the closure ends.
    static func withKey<Result: ~Copyable>(
        in text: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, Layout) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        guard text.count <= textBytesAtMost else { throw .keyRefused(.tooLong) }
        var reader = PEMReader(text)
        let block = try reader.onlyKey()
        return try Scratch.withBytes(block.body.count) { joined throws(CryptoError) in
            let count = joined.copy(text[block.body], without: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
            let base64 = UnsafeRawBufferPointer(rebasing: joined[..<count])
            return try Scratch.withBytes(count) { der throws(CryptoError) in
                guard let written = Base64.decode(base64, alphabet: .standard, into: der), written > 0 else {
                    throw .keyRefused(.notPEM)
                }
                return try body(UnsafeRawBufferPointer(rebasing: der[..<written]), block.layout)
            }
        }
    }
}

/// Walks the lines of a text that its caller lends.
private struct PEMReader {
    private let text: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int

    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
        position = text.firstIndex { !Self.isSpace($0) } ?? text.endIndex
        end = text.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? text.endIndex
    }

    mutating func onlyKey() throws(CryptoError) -> (layout: PEM.Layout, body: Range<Int>) {
        var block = try block()
        if block.label == "EC PARAMETERS" { block = try self.block() }
        guard position >= end else { throw .keyRefused(.trailingBytes) }
        if let layout = PEM.Layout(rawValue: block.label) { return (layout, block.body) }
        if block.label == "ENCRYPTED PRIVATE KEY" { throw .keyRefused(.encrypted) }
        let isPublic = block.label.contains("PUBLIC KEY") || block.label.contains("CERTIFICATE")
        throw .keyRefused(isPublic ? .publicHalf : .otherKind)
    }

    private mutating func block() throws(CryptoError) -> (label: String, body: Range<Int>) {
        guard let label = Self.label(of: line(), after: "-----BEGIN ") else { throw .keyRefused(.notPEM) }
        let start = position
        while position < end {
            let (before, line) = (position, self.line())
            if line.contains(UInt8(ascii: ":")) {
                // Traditional encryption announces itself in headers: "Proc-Type: 4,ENCRYPTED".
                throw .keyRefused(Self.text(line).contains("ENCRYPTED") ? .encrypted : .notPEM)
            }
            guard line.first == UInt8(ascii: "-") else { continue }
            guard Self.label(of: line, after: "-----END ") == label else { break }
            return (label, start..<before)
        }
        throw .keyRefused(.notPEM)
    }

    /// The next line, without its end.
    private mutating func line() -> Slice<UnsafeRawBufferPointer> {
        let rest = text[position..<end]
        let stop = rest.firstIndex(of: UInt8(ascii: "\n"))
        position = stop.map { $0 + 1 } ?? end
        let line = rest[..<(stop ?? end)]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private static func label(of line: Slice<UnsafeRawBufferPointer>, after opening: String) -> String? {
        let dashes = "-----"
        guard line.count <= 80, line.starts(with: opening.utf8) else { return nil }
        let rest = text(line).dropFirst(opening.utf8.count)
        return rest.hasSuffix(dashes) ? String(rest.dropLast(dashes.utf8.count)) : nil
    }

    private static func text(_ line: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: line, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Copies all bytes but those of `unwanted`; returns how many.
    fileprivate func copy(_ bytes: Slice<UnsafeRawBufferPointer>, without unwanted: [UInt8]) -> Int {
        var count = 0
        for byte in bytes where !unwanted.contains(byte) {
            self[count] = byte
            count += 1
        }
        return count
    }
}
