private import CSodium

/// RFC 4648 base64; time depends on the length only, so it is fit for secrets.
package enum Base64 {
    package enum Alphabet: Sendable {
        /// `+` and `/`, padded with `=` (section 4).
        case standard
        /// `-` and `_`, without padding (section 5, as JWT and tokens write it).
        case url

        fileprivate var variant: Int32 {
            switch self {
            case .standard: sodium_base64_VARIANT_ORIGINAL
            case .url: sodium_base64_VARIANT_URLSAFE_NO_PADDING
            }
        }
    }

    package static func encode(_ bytes: [UInt8], alphabet: Alphabet = .standard) -> String {
        bytes.withRawBytes { encode($0, alphabet: alphabet) }
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer, alphabet: Alphabet = .standard) -> String {
        guard let octets = bytes.octets else { return "" }
        let capacity = sodium_base64_encoded_len(bytes.count, alphabet.variant)
        return String(unsafeUninitializedCapacity: capacity) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                guard let start = text.baseAddress else { return 0 }
                let end = sodium_bin2base64(start, capacity, octets, bytes.count, alphabet.variant)
                return end == nil ? 0 : capacity - 1
            }
        }
    }

    /// Encodes straight into the caller's memory, for secrets: the text and a terminating zero.
    static func encode(
        _ bytes: UnsafeRawBufferPointer, alphabet: Alphabet, into text: UnsafeMutableRawBufferPointer
    ) {
        guard let octets = bytes.octets, let start = text.baseAddress else { return }
        let isRoomy = text.count >= sodium_base64_encoded_len(bytes.count, alphabet.variant)
        precondition(isRoomy, "no room for the text")
        _ = sodium_bin2base64(
            start.assumingMemoryBound(to: CChar.self), text.count, octets, bytes.count, alphabet.variant)
    }

    /// Strict: exactly the alphabet's padding, no white space, unused bits zero. Anything else is nil.
    package static func decode(_ text: String, alphabet: Alphabet = .standard) -> [UInt8]? {
        text.withRawBytes { decode($0, alphabet: alphabet) }
    }

    package static func decode(_ text: UnsafeRawBufferPointer, alphabet: Alphabet = .standard) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: text.count / 4 * 3 + 3)
        guard let written = bytes.withRawMutableBytes({ decode(text, alphabet: alphabet, into: $0) }) else {
            return nil
        }
        bytes.removeLast(bytes.count - written)
        return bytes
    }

    /// Decodes straight into the caller's memory, for secrets. Returns the bytes written.
    static func decode(
        _ text: UnsafeRawBufferPointer, alphabet: Alphabet, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard !text.isEmpty else { return 0 }
        guard let octets = buffer.octets else { return nil }
        var written = 0
        let status = text.withMemoryRebound(to: CChar.self) { text in
            sodium_base642bin(
                octets, buffer.count, text.baseAddress, text.count, nil, &written, nil, alphabet.variant)
        }
        return status == 0 ? written : nil
    }
}
