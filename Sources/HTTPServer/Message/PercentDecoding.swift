/// Why text with percent signs cannot be decoded.
package enum PercentDecodingError: Error {
    case malformedPercent
    case controlByte
    case invalidUTF8
}

/// Percent-decoding (RFC 3986 2.1), once and strictly: the result is valid UTF-8 without control bytes.
package enum PercentDecoding {
    /// `plusIsSpace` is for forms (application/x-www-form-urlencoded), never for paths.
    package static func decode(
        _ bytes: ArraySlice<UInt8>, plusIsSpace: Bool = false
    ) throws(PercentDecodingError) -> String {
        let needsWork = bytes.contains {
            $0 == ByteClass.percent || $0 == plus || $0 >= 0x80 || $0 < 0x20 || $0 == 0x7F
        }
        guard needsWork else { return String(decoding: bytes, as: UTF8.self) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            if byte == ByteClass.percent {
                byte = try pair(bytes, behind: index)
                index += 2
            } else if plusIsSpace, byte == plus {
                byte = ByteClass.space
            }
            guard !ByteClass.isControl(byte) else { throw .controlByte }
            decoded.append(byte)
            index += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .invalidUTF8 }
        return text
    }

    private static let plus: UInt8 = 0x2B

    private static func pair(
        _ bytes: ArraySlice<UInt8>, behind percent: Int
    ) throws(PercentDecodingError) -> UInt8 {
        guard percent + 2 < bytes.endIndex, let high = ByteClass.hexValue(bytes[percent + 1]),
            let low = ByteClass.hexValue(bytes[percent + 2])
        else { throw .malformedPercent }
        return high << 4 | low
    }
}
