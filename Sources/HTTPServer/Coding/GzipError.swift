/// Why gzip failed. But for `outOfMemory` the sender is to blame.
package enum GzipError: String, Error, Sendable, CaseIterable {
    case outOfMemory = "gzip_out_of_memory"
    /// Not gzip, or its checksum or length is wrong.
    case corrupt = "gzip_corrupt"
    /// The stream ends before its trailer.
    case truncated = "gzip_truncated"
    /// Something else than another gzip member follows.
    case trailingBytes = "gzip_trailing_bytes"
    case tooLarge = "gzip_too_large"
    case ratioTooHigh = "gzip_ratio_too_high"

    /// The stable code for a problem document.
    package var code: String { rawValue }

    package var status: HTTPStatus {
        switch self {
        case .outOfMemory: .serviceUnavailable
        case .tooLarge, .ratioTooHigh: .contentTooLarge
        case .corrupt, .truncated, .trailingBytes: .badRequest
        }
    }

    /// One sentence for the client.
    package var sentence: String {
        switch self {
        case .outOfMemory: "There is no memory for compression now."
        case .corrupt: "The body is not valid gzip."
        case .truncated: "The gzip body ends too early."
        case .trailingBytes: "Something follows the gzip body."
        case .tooLarge: "The body is too large once decompressed."
        case .ratioTooHigh: "The body decompresses to far more than it is."
        }
    }
}
