private import CSodium

/// Lower-case hexadecimal; time depends on the length only.
package enum Hex {
    package static func encode(_ bytes: [UInt8]) -> String {
        bytes.withRawBytes { encode($0) }
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        guard let octets = bytes.octets else { return "" }
        let length = bytes.count * 2
        return String(unsafeUninitializedCapacity: length + 1) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                guard let start = text.baseAddress else { return 0 }
                return sodium_bin2hex(start, length + 1, octets, bytes.count) == nil ? 0 : length
            }
        }
    }

    /// Either case; nil for an odd length or any other character.
    package static func decode(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: text.utf8.count / 2)
        let written = bytes.withRawMutableBytes { buffer in
            text.withRawBytes { decode($0, into: buffer) }
        }
        return written == bytes.count ? bytes : nil
    }

    private static func decode(
        _ text: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard !text.isEmpty else { return 0 }
        guard let octets = buffer.octets else { return nil }
        var written = 0
        let status = text.withMemoryRebound(to: CChar.self) { text in
            sodium_hex2bin(octets, buffer.count, text.baseAddress, text.count, nil, &written, nil)
        }
        return status == 0 ? written : nil
    }
}
