/// Why a path names nothing here. All of them are 404.
package enum PathError: String, Error, Sendable, CaseIterable {
    case notAbsolute = "path_not_absolute"
    case emptySegment = "path_empty_segment"
    case dotSegment = "path_dot_segment"
    case encodedSlash = "path_encoded_slash"
    case malformedPercent = "path_malformed_percent"
    case controlByte = "path_control_byte"
    case invalidUTF8 = "path_invalid_utf8"
    case tooManySegments = "path_too_many_segments"

    /// The stable code for a problem document.
    package var code: String { rawValue }

    /// One sentence for the client.
    package var sentence: String {
        switch self {
        case .notAbsolute: "The path does not begin with a slash."
        case .emptySegment: "The path has an empty segment: two slashes in a row, or one at its end."
        case .dotSegment: "The path has a segment that is one or two dots."
        case .encodedSlash: "The path has an encoded slash or backslash inside a segment."
        case .malformedPercent: "The path has a percent sign without two hexadecimal digits."
        case .controlByte: "The path has a control character."
        case .invalidUTF8: "The path is not UTF-8."
        case .tooManySegments: "The path has too many segments."
        }
    }
}

/// The segments of a path, decoded once. No segment is empty, ".", ".." or holds a slash, so that no two
/// spellings of the separators name one resource. "/" has no segments.
package struct Path: Equatable, Sendable {
    /// Our longest route has eight; a forwarded path may have some more.
    package static let segmentLimit = 32

    package let segments: [String]

    /// `raw` is the path as sent: `RequestHead.pathBytes`.
    package init(_ raw: ArraySlice<UInt8>) throws(PathError) {
        var segments: [String] = []
        try Self.read(raw, into: &segments)
        self.segments = segments
    }

    /// When it throws, `segments` are those before the first mistake.
    static func read(_ raw: ArraySlice<UInt8>, into segments: inout [String]) throws(PathError) {
        guard raw.first == ByteClass.slash else { throw .notAbsolute }
        guard raw.count > 1 else { return }
        segments.reserveCapacity(8)
        var start = raw.startIndex + 1
        while true {
            let end = raw[start...].firstIndex(of: ByteClass.slash) ?? raw.endIndex
            guard segments.count < segmentLimit else { throw .tooManySegments }
            segments.append(try segment(raw[start..<end]))
            guard end < raw.endIndex else { return }
            start = end + 1
        }
    }

    private static func segment(_ raw: ArraySlice<UInt8>) throws(PathError) -> String {
        guard !raw.isEmpty else { throw .emptySegment }
        let text: String
        do {
            text = try PercentDecoding.decode(raw)
        } catch .malformedPercent {
            throw .malformedPercent
        } catch .controlByte {
            throw .controlByte
        } catch {
            throw .invalidUTF8
        }
        guard text != ".", text != ".." else { throw .dotSegment }
        // A backslash is a separator to some of what stands behind us.
        guard
            raw.count == text.utf8.count
                || !text.utf8.contains(where: { $0 == ByteClass.slash || $0 == 0x5C })
        else { throw .encodedSlash }
        return text
    }
}
