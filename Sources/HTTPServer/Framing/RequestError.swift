/// Why a request cannot be taken. After one of these the framing is lost: answer, then close.
///
/// The raw value names it in tests and corpora; clients are told `problemCode`.
package enum RequestError: String, Error, Sendable, CaseIterable {
    // The request line.
    case requestLineTooLong = "request_line_too_long"
    case targetTooLong = "target_too_long"
    case methodTooLong = "method_too_long"
    case malformedRequestLine = "malformed_request_line"
    case unsupportedVersion = "unsupported_version"
    case unsupportedTargetForm = "unsupported_target_form"
    case invalidTargetByte = "invalid_target_byte"
    case fragmentInTarget = "fragment_in_target"
    case malformedPercentEncoding = "malformed_percent_encoding"
    case tooManyEmptyLines = "too_many_empty_lines"
    // Lines.
    case bareLineFeed = "bare_line_feed"
    case bareCarriageReturn = "bare_carriage_return"
    case controlByte = "control_byte"
    case foldedLine = "folded_line"
    // Header fields.
    case headerTooLarge = "header_too_large"
    case tooManyHeaders = "too_many_headers"
    case missingColon = "missing_colon"
    case spaceBeforeColon = "space_before_colon"
    case invalidHeaderName = "invalid_header_name"
    case duplicateHeader = "duplicate_header"
    case missingHost = "missing_host"
    case duplicateHost = "duplicate_host"
    case invalidHost = "invalid_host"
    case hostMismatch = "host_mismatch"
    case invalidConnection = "invalid_connection"
    case unknownExpectation = "unknown_expectation"
    // Where the body ends.
    case invalidContentLength = "invalid_content_length"
    case duplicateContentLength = "duplicate_content_length"
    case lengthAndTransferEncoding = "length_and_transfer_encoding"
    case duplicateTransferEncoding = "duplicate_transfer_encoding"
    case unknownTransferEncoding = "unknown_transfer_encoding"
    case transferEncodingInOldVersion = "transfer_encoding_in_old_version"
    // The body.
    case bodyTooLarge = "body_too_large"
    case invalidChunkSize = "invalid_chunk_size"
    case invalidChunkExtension = "invalid_chunk_extension"
    case chunkExtensionTooLong = "chunk_extension_too_long"
    case unterminatedChunk = "unterminated_chunk"
    case invalidTrailer = "invalid_trailer"
    case trailerTooLarge = "trailer_too_large"

    package var code: String { rawValue }

    /// The status to answer with before closing.
    package var status: HTTPStatus {
        switch self {
        case .requestLineTooLong, .targetTooLong: .uriTooLong
        case .headerTooLarge, .tooManyHeaders, .trailerTooLarge: .requestHeaderFieldsTooLarge
        case .bodyTooLarge: .contentTooLarge
        case .methodTooLong, .unknownTransferEncoding: .notImplemented
        case .unsupportedVersion: .httpVersionNotSupported
        case .unknownExpectation: .expectationFailed
        default: .badRequest
        }
    }
}
