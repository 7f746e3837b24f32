/// CRC-32 of IEEE 802.3 (zlib's): finds typing mistakes in access tokens and root keys. Not a protection.
package enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1
        }
    }

    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var value = UInt32.max
            for byte in bytes {
                value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ (value >> 8)
            }
            return ~value
        }
    }

    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withRawBytes { checksum($0) }
    }

    package static func checksum(_ text: String) -> UInt32 {
        text.withRawBytes { checksum($0) }
    }
}
